// The fan's connection: hello, resume by (epoch, offset), an outbox of lines not yet confirmed, jittered back-off.

const FINAL = (code) => code >= 3500 && code < 4000;

export function backOff(attempt) {
  return 500 + Math.random() * Math.min(29500, 500 * 2 ** attempt);
}

function stored(key) {
  try { return localStorage.getItem(key) || ''; } catch { return ''; }
}

function store(key, value) {
  try { localStorage.setItem(key, value); } catch { /* private window: this visit only */ }
}

export class Link {
  constructor(handlers) {
    this.on = handlers;
    this.epoch = '';
    this.offset = 0;
    this.you = '';
    this.name = stored('limelight-name');
    this.token = stored('limelight-token');
    this.outbox = new Map();
    this.attempt = 0;
    this.ready = false;
    window.addEventListener('online', () => this.connect());
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    if (this.socket && this.socket.readyState < 2) return;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({
      type: 'hello', v: 1, name: this.name, token: this.token, epoch: this.epoch, offset: this.offset,
    }));
    socket.onmessage = (event) => { if (socket === this.socket) this.take(JSON.parse(event.data)); };
    socket.onclose = (event) => { if (socket === this.socket) this.lost(event.code); };
  }

  lost(code) {
    this.ready = false;
    if (FINAL(code)) {
      this.on.state('ended');
      return;
    }
    this.on.state('away');
    this.timer = setTimeout(() => this.connect(), backOff(this.attempt));
    this.attempt += 1;
  }

  take(message) {
    if (message.type === 'welcome') {
      this.you = message.you;
      this.token = message.token;
      store('limelight-token', message.token);
      this.named(message.name);
      this.on.welcome(message);
    } else if (message.type === 'resync') {
      this.epoch = message.epoch;
      this.on.clear();
      for (const entry of message.m) this.entry(entry);
      this.offset = message.offset;
      this.live();
    } else if (message.type === 'tick') {
      this.tick(message);
    } else if (message.type === 'named') {
      this.named(message.name);
    } else if (message.type === 'ok') {
      this.done(message.id);
    } else if (message.type === 'memory') {
      this.on.memory(message);
    } else if (message.type === 'error') {
      if (message.code !== 'name_needed') this.done(message.id);
      this.on.error(message);
    }
  }

  tick(message) {
    const fresh = (message.m || []).filter((entry) => entry.o > this.offset);
    if (fresh.length && fresh[0].o !== this.offset + 1) {
      this.socket.close();
      return;
    }
    for (const entry of fresh) {
      this.entry(entry);
      this.offset = entry.o;
    }
    for (const event of message.s || []) this.on.event(event);
    if (message.r) this.on.reactions(message.r);
    if (message.resumed) this.live();
  }

  entry(entry) {
    if (entry.who === this.you && entry.cid) this.done(entry.cid);
    this.on.entry(entry);
  }

  live() {
    this.ready = true;
    this.attempt = 0;
    this.on.state('live');
    for (const line of this.outbox.values()) this.send(line);
  }

  named(name) {
    if (name) {
      this.name = name;
      store('limelight-name', name);
    }
    this.on.named(name);
  }

  done(id) {
    if (id && this.outbox.delete(id)) this.on.done(id);
  }

  send(message) {
    if (this.ready && this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  // A line stays in the outbox until the house has confirmed it, and is sent again after a reconnection.
  say(text, type) {
    const random = crypto.getRandomValues(new Uint32Array(3));
    const line = { type, id: Array.from(random, (n) => n.toString(36)).join('-'), text };
    this.outbox.set(line.id, line);
    this.send(line);
    return line;
  }
}
