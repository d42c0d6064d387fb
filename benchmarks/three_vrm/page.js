// Draws a VRM with three-vrm as the reference pictures were: one white light from (1, 1, 1), flat background, no tone
// mapping, eyes at the camera, springs settled by 60 steps. Driven from Python (benchmarks/peer.py).
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { VRMLoaderPlugin, VRMUtils } from '@pixiv/three-vrm';

const state = {};

function settle(vrm, pose, head, expressions, camera) {
  const bone = (name) => vrm.humanoid.getNormalizedBoneNode(name);
  if (pose !== 'rest') {
    // Turned towards the body on both versions: 0.x skeletons face the other way inside the turned scene.
    bone('leftUpperArm').rotation.z = vrm.meta.metaVersion === '0' ? 1.2 : -1.2;
    bone('rightUpperArm').rotation.z = vrm.meta.metaVersion === '0' ? -1.2 : 1.2;
  }
  if (head) bone('head').rotation.set(head[0], head[1], 0);
  for (const [name, weight] of Object.entries(expressions)) vrm.expressionManager?.setValue(name, weight);
  if (vrm.lookAt) vrm.lookAt.target = camera;
  vrm.update(0);
  vrm.springBoneManager?.reset();
}

window.open_model = async (url, size, antialias, view, { pose, head, expressions = {}, seconds = 1 } = {}) => {
  const [w, h] = size;
  const renderer = new THREE.WebGLRenderer({ antialias, preserveDrawingBuffer: true, alpha: false });
  renderer.setPixelRatio(1);
  renderer.setSize(w, h);
  document.body.replaceChildren(renderer.domElement);
  const scene = new THREE.Scene();
  scene.background = new THREE.Color('rgb(200, 210, 220)');
  const light = new THREE.DirectionalLight(0xffffff, Math.PI);
  light.position.set(1, 1, 1);
  scene.add(light);
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMLoaderPlugin(parser));
  const gltf = await loader.loadAsync(url);
  const vrm = gltf.userData.vrm;
  VRMUtils.rotateVRM0(vrm);
  vrm.scene.traverse((o) => { o.frustumCulled = false; });
  scene.add(vrm.scene);
  const camera = new THREE.PerspectiveCamera(view.fov, w / h, 0.05, 60);
  camera.position.set(...view.position);
  camera.lookAt(...view.target);
  camera.updateMatrixWorld();
  scene.updateMatrixWorld(true);
  settle(vrm, pose, head, expressions, camera);
  for (let i = 0; i < 60 * seconds; i++) {
    scene.updateMatrixWorld(true);  // the eyes' aim reads the head's place
    vrm.update(1 / 60);
  }
  Object.assign(state, { renderer, scene, camera, vrm, pixels: new Uint8Array(w * h * 4), size, count: 0 });
  renderer.render(scene, camera);
  return { triangles: renderer.info.render.triangles, calls: renderer.info.render.calls,
           gl: renderer.getContext().getParameter(renderer.getContext().RENDERER),
           expressions: vrm.expressionManager?.expressions.map((e) => e.expressionName) ?? [] };
};

// Frames of the moving head and mouth of `limelight bench avatar`, each read back whole.
window.run_frames = (frames) => {
  const { renderer, scene, camera, vrm, pixels, size } = state;
  const gl = renderer.getContext();
  const head = vrm.humanoid.getNormalizedBoneNode('head');
  let update = 0;
  const walls = [];
  for (let n = 0; n < frames; n++) {
    const i = state.count++;
    const start = performance.now();
    head.rotation.y = 0.3 * Math.sin(i / 9);
    vrm.expressionManager?.setValue('aa', 0.5 + 0.5 * Math.sin(i / 3));
    vrm.update(1 / 30);
    update += performance.now() - start;
    renderer.render(scene, camera);
    gl.readPixels(0, 0, size[0], size[1], gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    walls.push(performance.now() - start);
  }
  walls.sort((a, b) => a - b);
  return { update_ms: update / frames, wall_ms_median: walls[frames >> 1], wall_ms_p95: walls[Math.floor(frames * 0.95)] };
};
window.ready = true;
