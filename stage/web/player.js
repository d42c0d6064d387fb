// Live picture and sound: CMAF chunks from /media into Media Source Extensions, held close to the live edge.

import { backOff } from './link.js';

const SAMPLE_RATE = 48000;

export class Player {
  constructor(video, onState) {
    this.video = video;
    this.onState = onState;
    this.queue = [];
    this.target = 0.25;
    this.attempt = 0;
    this.lastTime = -1;
    this.stuck = 0;
    this.stalls = 0;
    this.started = false;
    video.addEventListener('waiting', () => {
      if (this.started) {
        this.stalls += 1;
        this.target = Math.min(1.2, this.target + 0.1);
      }
    });
    video.addEventListener('error', () => this.rebuild());
    video.addEventListener('playing', () => { this.started = true; this.onState('playing'); });
    video.addEventListener('playing', () => { setTimeout(() => { this.settling = true; }, 300); }, { once: true });
    setInterval(() => this.watch(), 500);
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.toEdge(); });
    this.supported = 'MediaSource' in window || 'ManagedMediaSource' in window;
    if (this.supported) this.connect();
    else this.onState('unsupported');
  }

  get sample() {
    return this.started ? this.video.currentTime * SAMPLE_RATE : -1;
  }

  connect() {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/media`);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.mime = '';
    this.expectInit = false;
    this.fresh = true;
    socket.onmessage = (event) => {
      if (socket === this.socket) this.take(event.data);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      if (event.code >= 3500 && event.code < 4000) return;
      this.onState('waiting');
      this.again = setTimeout(() => this.connect(), backOff(this.attempt));
      this.attempt += 1;
    };
  }

  take(data) {
    if (typeof data === 'string') {
      this.mime = JSON.parse(data).mime;
      this.expectInit = true;
      return;
    }
    if (this.expectInit) {
      this.expectInit = false;
      this.attempt = 0;
      this.initialise(data);
      return;
    }
    this.push(new Uint8Array(data, 9));
  }

  initialise(data) {
    // A new connection may be a new show whose clock began anew: start with an empty buffer.
    if (this.fresh || !this.source || this.source.readyState !== 'open') {
      this.fresh = false;
      this.open(data);
    } else {
      this.queue.push({ mime: this.mime, data });
      this.pump();
    }
  }

  open(init) {
    const Source = window.ManagedMediaSource || window.MediaSource;
    const mime = this.mime;
    if (!Source.isTypeSupported(mime)) {
      this.onState('unsupported');
      return;
    }
    if (this.url) URL.revokeObjectURL(this.url);
    const source = new Source();
    this.source = source;
    this.buffer = null;
    this.started = false;
    this.queue = [{ data: init }];
    this.video.disableRemotePlayback = true;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    source.addEventListener('sourceopen', () => {
      if (source !== this.source || this.buffer) return;
      this.buffer = source.addSourceBuffer(mime);
      this.buffer.addEventListener('updateend', () => { this.steer(); this.pump(); });
      this.pump();
    });
  }

  push(data) {
    if (!this.source) return;
    this.queue.push({ data });
    if (this.queue.length > 600) this.rebuild();
    else this.pump();
  }

  pump() {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || !this.queue.length || this.source.readyState !== 'open') return;
    const span = buffer.buffered;
    const now = this.video.currentTime;
    if (span.length && now - span.start(0) > 24) {
      buffer.remove(0, now - 8);
      return;
    }
    const part = this.queue.shift();
    try {
      if (part.mime) buffer.changeType(part.mime);
      buffer.appendBuffer(part.data);
    } catch (error) {
      if (error.name === 'QuotaExceededError' && span.length && now > 2) {
        this.queue.unshift(part);
        buffer.remove(0, now - 1);
      } else {
        this.rebuild();
      }
    }
  }

  edge() {
    const span = this.video.buffered;
    return span.length ? [span.start(span.length - 1), span.end(span.length - 1)] : null;
  }

  // Keep the distance to the live edge near the target: a little faster or slower, a jump when it is far.
  steer() {
    const edge = this.edge();
    if (!edge) return;
    const [start, end] = edge;
    const lag = end - this.video.currentTime;
    if (this.video.currentTime < start - 0.02 || lag > this.target + 1.5) {
      if (end - start > this.target * 0.8) this.toEdge();
    } else if (this.settling && lag > this.target + 0.25) {
      this.settling = false; // a newcomer was given the whole group of pictures: go to its end once
      this.toEdge();
    } else if (lag > this.target + 0.1) {
      this.video.playbackRate = lag > this.target + 0.5 ? 1.12 : 1.04;
    } else if (lag < this.target * 0.4) {
      this.video.playbackRate = 0.96;
    } else {
      this.video.playbackRate = 1;
    }
    if (this.video.paused && end - start > this.target) this.play();
  }

  toEdge() {
    const edge = this.edge();
    if (edge) this.video.currentTime = Math.max(edge[0] + 0.001, edge[1] - this.target);
  }

  play() {
    if (this.starting) return;
    this.starting = true;
    this.video.play().catch(() => {
      this.video.muted = true;
      return this.video.play().catch(() => {});
    }).finally(() => { this.starting = false; this.onState('sound'); });
  }

  watch() {
    this.target = Math.max(0.25, this.target - 0.004);
    const now = this.video.currentTime;
    if (!this.source || document.hidden) return;
    const moved = now !== this.lastTime;
    this.lastTime = now;
    this.stuck = moved ? 0 : this.stuck + 1;
    if (this.stuck >= 3 && this.edge()) {
      this.steer();
      const [start, end] = this.edge();
      if (now > end || (end - now > 0.5 && now >= start)) this.toEdge();
    }
    if (this.stuck >= 12 && this.socket.readyState === 1 && this.queue.length) this.rebuild();
  }

  // Start again from a fresh connection: the house sends init and the newest key frame.
  rebuild() {
    if (this.rebuilding) return;
    this.rebuilding = true;
    clearTimeout(this.again);
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.source = null;
    this.buffer = null;
    this.queue = [];
    this.stuck = 0;
    this.onState('waiting');
    setTimeout(() => { this.rebuilding = false; this.connect(); }, backOff(this.attempt));
    this.attempt += 1;
  }
}
