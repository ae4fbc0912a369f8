// What the page uses of three and three-vrm. `make web` bundles it into three_vrm.mjs.
export {
  ACESFilmicToneMapping, AmbientLight, Box3, BufferAttribute, BufferGeometry, CanvasTexture, CircleGeometry, Color,
  CylinderGeometry, DirectionalLight, DoubleSide, Euler, Group, HemisphereLight, MathUtils, Matrix4, Mesh,
  MeshBasicMaterial, MeshStandardMaterial, Object3D, PCFShadowMap, PerspectiveCamera, PMREMGenerator, Quaternion,
  Scene, ShadowMaterial, SphereGeometry, SRGBColorSpace, Timer, Vector3, VSMShadowMap, WebGLRenderer,
} from 'three';
export { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
export { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';
export { VRMLoaderPlugin, VRMUtils } from '@pixiv/three-vrm';
