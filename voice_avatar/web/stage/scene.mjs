// The three-dimensional stage: light, camera, floor, and the model that stands in it.

import {
  ACESFilmicToneMapping, CanvasTexture, CircleGeometry, Color, DirectionalLight, Group, HemisphereLight, Mesh, MeshBasicMaterial,
  PerspectiveCamera, PMREMGenerator, Quaternion, RoomEnvironment, Scene, SRGBColorSpace, Timer, Vector3, WebGLRenderer,
} from "../vendor/three_vrm.mjs";
import { bodyAt, carriedAlong, Clips } from "./body.mjs";
import { lookShapes } from "./face.mjs";
import { Model } from "./model.mjs";
import { Pace } from "./pace.mjs";

/** Height of the picture at the avatar, metres: from the chest up, with room for the hands. */
const FRAME_M = 0.78;
/** Room below the picture for what comes nearer than the avatar's middle, metres. */
const NEAR_M = 0.12;
/** How far the body moves over the leg that carries it, metres. */
const LEG_M = -0.012;
/** Width that has to be seen at least, metres. */
const FRAME_WIDTH_M = 0.5;
const FOV_DEG = 24;
const STILL = [0, 0, 0, 1];

/** Whether this browser can draw in three dimensions. */
export function hasWebGL() {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

/** Whether pictures are made without a graphics card: then everything that can be left out is. */
function isSoftware() {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return false;
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const name = context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

export class Stage3D {
  #timer = new Timer();
  #pace;
  #isSlow;
  #user = new Vector3();
  #turn = new Quaternion();
  /** @type {Model | null} */
  #model = null;
  #eyeHeight = 1.55;
  #lowestM = -Infinity;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.#isSlow = isSoftware();
    this.#pace = this.#isSlow ? new Pace(1, 0.6) : new Pace(Math.min(2, window.devicePixelRatio));
    this.renderer = new WebGLRenderer({ canvas, antialias: !this.#isSlow, alpha: true, powerPreference: "high-performance" });
    this.renderer.outputColorSpace = SRGBColorSpace;
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.toneMappingExposure = 0.92;
    this.renderer.xr.enabled = true; // without it a headset would show one flat picture
    this.scene = new Scene();
    this.camera = new PerspectiveCamera(FOV_DEG, 1, 0.05, 30);
    this.rig = new Group();
    this.rig.add(this.camera);
    this.scene.add(this.rig);
    this.clips = new Clips();
    this.#light();
    this.scene.add(contactShadow());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /** Key from the front left and above, a cool fill, a warm and a cool rim from behind: in this order in `surfaces`. */
  #light() {
    this.scene.add(new HemisphereLight(0xd6e0f5, 0x8a6a58, 1.5));
    const lamps = [[0xffe9d2, 4.0, -1.5, 2.75, 2.3], [0xbcd0ff, 0.75, 2.2, 1.6, 1.5], [0xffc58f, 2.6, 1.5, 2.2, -1.6], [0xa9c6ff, 2.0, -1.8, 2.0, -1.5]];
    for (const [colour, much, x, y, z] of lamps) {
      const lamp = new DirectionalLight(colour, much);
      lamp.position.set(x, y, z);
      lamp.target.position.set(0, 1.4, 0);
      this.scene.add(lamp, lamp.target);
    }
  }

  /** Physical materials of other people's models need something to mirror; ours do not, and making it takes time. */
  #mirror(isWanted) {
    if (isWanted && !this.scene.environment) {
      const maker = new PMREMGenerator(this.renderer);
      this.scene.environment = maker.fromScene(new RoomEnvironment(), 0.04).texture;
      this.scene.environmentIntensity = 0.3;
      maker.dispose();
    } else if (!isWanted) {
      this.scene.environment?.dispose();
      this.scene.environment = null;
    }
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height || this.renderer.xr.isPresenting) return;
    this.renderer.setPixelRatio(this.#pace.ratio);
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    const tall = Math.max(FRAME_M, FRAME_WIDTH_M / this.camera.aspect);
    const distance = tall / 2 / Math.tan((FOV_DEG * Math.PI) / 360);
    this.camera.position.set(0, this.#eyeHeight - 0.02, distance);
    this.camera.lookAt(0, this.#eyeHeight - tall * 0.2, 0);
    this.camera.updateProjectionMatrix();
    this.#lowestM = this.#eyeHeight - tall * 0.7 - NEAR_M;
  }

  /**
   * Puts another model on the stage.
   *
   * @param {ArrayBuffer} file
   * @returns {Promise<object>} its report.
   * @throws {Error} if it cannot be read; the one before stays.
   */
  async setModel(file) {
    const model = await Model.read(file, this.#isSlow);
    this.#mirror(!model.isDressed);
    if (this.#model) {
      this.scene.remove(this.#model.root);
      this.#model.dispose();
    }
    this.#model = model;
    this.scene.add(model.root);
    this.#eyeHeight = Math.max(0.1, model.eyeHeight());
    this.#resize();
    return model.report();
  }

  /** @returns {Record<string, number>} the shapes as they are drawn. */
  weights() {
    return this.#model?.weights() ?? {};
  }

  /** Where the user's head is, seen from the avatar's, degrees; null outside of VR. */
  userDirection() {
    if (!this.renderer.xr.isPresenting) return null;
    const { x, y, z } = this.#user.setFromMatrixPosition(this.renderer.xr.getCamera().matrixWorld);
    return { yaw: (Math.atan2(x, Math.max(0.01, z)) * 180) / Math.PI, pitch: (Math.atan2(y - this.#eyeHeight, Math.hypot(x, z)) * 180) / Math.PI };
  }

  /** Pose of the user's head in the world, in VR. */
  userPose() {
    // Not getWorldPosition, which would leave out where the user was put: this camera has no parent.
    const eye = this.renderer.xr.getCamera().matrixWorld;
    const round = (value) => Math.round(value * 1000) / 1000;
    const turn = this.#turn.setFromRotationMatrix(eye);
    return { pos: this.#user.setFromMatrixPosition(eye).toArray().map(round), rot: turn.toArray().map((value) => Math.round(value * 1e5) / 1e5) };
  }

  /** Fits the picture to the page again, as after VR. */
  refit() {
    this.#resize();
  }

  /** Where the avatar's head is in the world. */
  headPlace() {
    return [0, this.#eyeHeight, 0];
  }

  /**
   * Draws one picture.
   *
   * @param {import("./actor.mjs").Pose} pose
   * @param {number} nowS
   */
  draw(pose, nowS) {
    this.#timer.update();
    const spanS = this.#timer.getDelta();
    const isInRoom = this.renderer.xr.isPresenting;
    if (this.#model) {
      this.#move(this.#model, pose, nowS, Math.min(0.1, spanS));
      this.#model.showAbove(isInRoom ? -Infinity : this.#lowestM);
    }
    this.renderer.render(this.scene, this.camera);
    if (!isInRoom && this.#pace.took(spanS)) this.#resize();
  }

  #move(model, pose, nowS, dtS) {
    const turns = bodyAt(this.clips, nowS, pose);
    for (const [bone, turn] of turns) model.turn(bone, turn);
    for (const [bone, x, y, z] of carriedAlong(pose)) {
      if (!turns.has(bone)) model.turn(bone, STILL);
      model.turnMore(bone, x, y, z);
    }
    model.root.position.x = LEG_M * pose.weight;
    const hasEyes = model.has("leftEye");
    if (hasEyes) {
      for (const eye of ["leftEye", "rightEye"]) {
        model.turn(eye, STILL);
        model.turnMore(eye, -pose.eyes.pitch, pose.eyes.yaw, 0);
      }
    }
    const arkit = new Map(pose.arkit);
    // With bones the shapes only move the lids along, which look at half of it.
    const part = hasEyes ? 0.5 : 1;
    for (const [name, weight] of lookShapes(pose.eyes)) if (!hasEyes || !/In|Out/.test(name)) arkit.set(name, weight * part);
    model.show(dtS, { mouth: pose.mouth, arkit, expressions: pose.expressions });
  }

  /** Pictures a second over the last ones, and how fine they are. */
  figures() {
    return { fps: this.#pace.fps, pixel_ratio: this.#pace.ratio };
  }

  /** @param {((nowMs: number) => void) | null} callback for every picture, also in VR. */
  loop(callback) {
    this.renderer.setAnimationLoop(callback);
  }
}

/** A soft dark spot under the feet. */
function contactShadow() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 128;
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const soft = brush.createRadialGradient(64, 64, 4, 64, 64, 64);
  soft.addColorStop(0, "#000000a8");
  soft.addColorStop(1, "#00000000");
  brush.fillStyle = soft;
  brush.fillRect(0, 0, 128, 128);
  const spot = new Mesh(new CircleGeometry(0.55, 40), new MeshBasicMaterial({ map: new CanvasTexture(canvas), transparent: true, depthWrite: false }));
  spot.rotation.x = -Math.PI / 2;
  spot.position.y = 0.004;
  return spot;
}

/** What stands around the avatar in VR, where there is no page behind it. */
export function roomFor(scene) {
  const floor = new Mesh(new CircleGeometry(6, 64), new MeshBasicMaterial({ color: new Color(0x2a303a) }));
  floor.rotation.x = -Math.PI / 2;
  const room = new Group();
  room.add(floor);
  scene.add(room);
  scene.background = new Color(0x1b2029);
  return () => {
    scene.remove(room);
    scene.background = null;
  };
}
