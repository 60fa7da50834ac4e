import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";

const FRAMES_A_SECOND = 30;
const SIZE = 192;

const renderer = new THREE.WebGLRenderer({ preserveDrawingBuffer: true });
renderer.setSize(SIZE, SIZE);
const camera = new THREE.PerspectiveCamera(30, 1, 0.1, 20);
const loader = new GLTFLoader();
loader.register((parser) => new VRMLoaderPlugin(parser));

const grumbles = [];
for (const level of ["warn", "error"]) {
  const said = console[level].bind(console);
  console[level] = (...words) => {
    grumbles.push(words.map(String).join(" "));
    said(...words);
  };
}

// How many pixels differ from the background, and how many different colours they have.
function inked(gl) {
  const pixels = new Uint8Array(SIZE * SIZE * 4);
  gl.readPixels(0, 0, SIZE, SIZE, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  const colours = new Set();
  let count = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i] || pixels[i + 1] || pixels[i + 2]) {
      count += 1;
      colours.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]);
    }
  }
  return { share: count / (SIZE * SIZE), colours: colours.size };
}

function draw(scene) {
  renderer.render(scene, camera);
  return inked(renderer.getContext());
}

async function judge(url) {
  grumbles.length = 0;
  const gltf = await loader.loadAsync(url);
  const vrm = gltf.userData.vrm;
  if (!vrm) throw new Error(`${url} holds no VRM`);
  const scene = new THREE.Scene();
  scene.add(vrm.scene, new THREE.DirectionalLight(0xffffff, 3), new THREE.AmbientLight(0xffffff, 1));
  vrm.scene.updateMatrixWorld(true);
  const head = vrm.humanoid.getRawBoneNode("head").getWorldPosition(new THREE.Vector3());
  // People of VRM 1.0 face +Z.
  camera.position.set(0, head.y + 0.04, 0.9);
  camera.lookAt(0, head.y + 0.04, 0);

  const faces = { rest: draw(scene) };
  const names = Object.keys(vrm.expressionManager?.expressionMap ?? {});
  const moved = [];
  const meshes = [];
  vrm.scene.traverse((node) => node.morphTargetInfluences && meshes.push(node));
  const influences = () => meshes.flatMap((mesh) => [...mesh.morphTargetInfluences]);
  const eyes = ["leftEye", "rightEye"].map((eye) => vrm.humanoid.getRawBoneNode(eye));
  const turns = () => eyes.flatMap((eye) => eye?.quaternion.toArray() ?? []);
  for (const name of names) {
    vrm.expressionManager.setValue(name, 1);
    vrm.update(0);
    const now = JSON.stringify([influences(), turns()]);
    vrm.expressionManager.setValue(name, 0);
    vrm.update(0);
    if (now !== JSON.stringify([influences(), turns()])) moved.push(name);
  }

  // A second of nodding and turning, so that what hangs has to swing.
  const joints = [...(vrm.springBoneManager?.joints ?? [])];
  const before = joints.map((joint) => joint.bone.quaternion.clone());
  let swing = 0;
  for (let frame = 0; frame < FRAMES_A_SECOND; frame += 1) {
    const turn = Math.sin((2 * Math.PI * frame) / FRAMES_A_SECOND);
    vrm.humanoid.getNormalizedBoneNode("head").rotation.set(0.3 * turn, 0.5 * turn, 0);
    vrm.update(1 / FRAMES_A_SECOND);
    joints.forEach((joint, i) => {
      swing = Math.max(swing, joint.bone.quaternion.angleTo(before[i]));
    });
  }
  vrm.scene.updateMatrixWorld(true);
  const finite = joints.every((joint) => joint.bone.matrixWorld.elements.every(Number.isFinite));

  vrm.lookAt?.lookAt(new THREE.Vector3(1, head.y, 1));
  const still = JSON.stringify([influences(), turns()]);
  if (vrm.lookAt) {
    vrm.lookAt.yaw = 20;
    vrm.lookAt.pitch = -10;
    vrm.update(0);
  }
  const looks = still !== JSON.stringify([influences(), turns()]);
  faces.moved = draw(scene);
  const picture = renderer.domElement.toDataURL("image/png");

  const bones = Object.keys(vrm.humanoid.humanBones).filter((name) =>
    vrm.humanoid.getRawBoneNode(name),
  );
  scene.remove(vrm.scene);
  VRMUtils.deepDispose(vrm.scene);
  return {
    version: vrm.meta.metaVersion,
    name: vrm.meta.name,
    bones: bones.length,
    presets: Object.keys(vrm.expressionManager?.presetExpressionMap ?? {}),
    custom: Object.keys(vrm.expressionManager?.customExpressionMap ?? {}),
    moved,
    lookAt: vrm.lookAt?.applier?.constructor?.type ?? null,
    looks,
    joints: joints.length,
    swing,
    finite,
    faces,
    picture,
    grumbles: [...grumbles],
  };
}

const people = await (await fetch("/people.json")).json();
for (const person of people) {
  await tell(`person/${person}`, JSON.stringify(await judge(`/people/${person}.vrm`)));
}
await tell("done", "");
