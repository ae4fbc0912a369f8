"""What is seen of an avatar on the page's stage: what is drawn, and where its eyes are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kit.browser import Page

SUMMARY: Final = "document.getElementById('mapping-summary').textContent"
NOTE: Final = "[...document.querySelectorAll('.line.note')].at(-1)?.textContent"

_OPENED: Final = """(() => {
  const { stage } = voiceAvatar.view;
  stage.loop(null);
  const { draw } = Object.getPrototypeOf(stage);
  const pose = {
    mouth: {}, arkit: new Map(), expressions: new Map(), eyes: { yaw: 0, pitch: 0 },
    head: { yaw: 0, pitch: 0, roll: 0 }, gestures: [], posture: null, postureWeight: 0,
    breath: 0.5, weight: 0,
  };
  const faces = [];
  stage.scene.traverse((node) => node.morphTargetDictionary && faces.push(node));
  const places = (mouth) => {
    draw.call(stage, { ...pose, mouth }, 1);
    stage.scene.updateMatrixWorld(true);
    return faces.flatMap((mesh) => {
      const { count } = mesh.geometry.attributes.position;
      return Array.from({ length: count }, (_, at) =>
        mesh.getVertexPosition(at, stage.camera.position.clone()).applyMatrix4(mesh.matrixWorld));
    });
  };
  const shut = places({});
  const far = places({ aa: 1 }).map((to, at) => to.sub(shut[at]));
  const again = Math.max(...places({}).map((to, at) => to.distanceTo(shut[at])));
  const moved = far.filter((one) => one.length() > 1e-3);
  const hands = [];
  stage.scene.traverse((node) => /Hand$/.test(node.name) && node.isBone &&
    hands.push(node.getWorldPosition(stage.camera.position.clone()).toArray()));
  voiceAvatar.view.open(false);
  return {
    hands,
    share: moved.length / far.length, most: Math.max(...moved.map((one) => one.length()), 0),
    lowered: moved.filter((one) => one.y < 0).length / moved.length, again,
  };
})()"""

_LOOK: Final = """((share) => {
  const { stage } = voiceAvatar.view;
  const { renderer, scene, camera } = stage;
  scene.updateMatrixWorld(true);
  renderer.render(scene, camera);
  const { width, height } = renderer.domElement;
  const copy = new OffscreenCanvas(width, height).getContext("2d");
  copy.drawImage(renderer.domElement, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  let drawn = 0;
  for (let at = 3; at < data.length; at += 4) drawn += data[at] > 200 ? 1 : 0;
  const nodes = [];
  scene.traverse((node) => nodes.push(node));
  const seen = (node) => !node || (node.visible && seen(node.parent));
  const meshes = nodes.filter((node) => node.isSkinnedMesh || node.morphTargetDictionary);
  const face = meshes.find((node) => node.morphTargetDictionary) ?? meshes.at(-1);
  const low = camera.position.clone().set(Infinity, Infinity, Infinity);
  const high = low.clone().negate();
  const point = low.clone();
  const { count } = face.geometry.attributes.position;
  for (let at = 0; at < count; at++) {
    face.getVertexPosition(at, point).applyMatrix4(face.matrixWorld);
    low.min(point);
    high.max(point);
  }
  const eyes = low.clone().lerp(high, 0.5);
  eyes.y = low.y + share * (high.y - low.y);
  eyes.z = high.z;
  const { x, y, z } = eyes.project(camera);
  const [column, row] = [Math.floor((x + 1) / 2 * width), Math.floor((1 - y) / 2 * height)];
  const isIn = Math.abs(x) < 1 && Math.abs(y) < 1 && Math.abs(z) < 1;
  return {
    drawn: drawn / (width * height), x, y, z, size: [width, height],
    atEyes: isIn ? data[4 * (row * width + column) + 3] : 0,
    face: high.y - low.y, front: Math.sign(high.z + low.z),
    hidden: meshes.filter((node) => !seen(node)).map((node) => node.name),
  };
})(%s)"""


@dataclass(frozen=True)
class Sight:
    """What is seen.

    Attributes:
        drawn: share of the picture in which the model is.
        x, y: where the eyes are in the picture, -1 (left, bottom) to 1.
        at_eyes: how opaque the picture is there, 0..255; 0 = they are outside.
        face_m: height of the face's mesh, metres.
        hidden: meshes that are not drawn.
    """

    drawn: float
    x: float
    y: float
    at_eyes: int
    face_m: float
    hidden: tuple[str, ...]


async def look(page: Page, eyes_share: float = 0.58) -> Sight:
    """Looks at the stage; the eyes are at a share of the face mesh's height, at its front."""
    told: dict[str, Any] = await page.run(_LOOK % json.dumps(eyes_share))
    return Sight(
        told["drawn"], told["x"], told["y"], told["atEyes"], told["face"], tuple(told["hidden"])
    )


@dataclass(frozen=True)
class Opened:
    """What opening the mouth moves.

    Attributes:
        share: of the face's vertices that move.
        most_m: how far the one that moves most does, metres.
        lowered: share of those that move down.
        left_m: how far from its place any vertex is when the mouth is shut again, metres.
        hands: where the hands are meanwhile, metres.
    """

    share: float
    most_m: float
    lowered: float
    left_m: float
    hands: list[list[float]]


async def mouth_opened(page: Page) -> Opened:
    """Opens the mouth of what is on the stage, and shuts it again."""
    told: dict[str, Any] = await page.run(_OPENED)
    return Opened(told["share"], told["most"], told["lowered"], told["again"], told["hands"])


async def put_on(page: Page, file: Path) -> str:
    """Drops a file and returns what was found in it.

    Raises:
        AssertionError: it is not shown.
    """
    before = await page.run("document.querySelectorAll('.line.note').length")
    await page.drops(file)
    await page.until(f"document.querySelectorAll('.line.note').length > {before}")
    note = await page.run(NOTE)
    assert "is on the stage" in note, note
    summary: str = await page.run(SUMMARY)
    return summary


async def refused(page: Page, file: Path) -> str:
    """Drops a file that cannot be shown and returns what is said of it."""
    before = await page.run("document.querySelectorAll('.line.note').length")
    await page.drops(file)
    await page.until(f"document.querySelectorAll('.line.note').length > {before}")
    note: str = await page.run(NOTE)
    assert "can't be shown" in note, note
    return note
