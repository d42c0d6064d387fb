// What floats over and stands under the picture: reactions, captions, the now-playing card.

const FLOATS = 40;

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

export class Floats {
  constructor(layer, names) {
    this.layer = layer;
    this.names = new Set(names);
  }

  burst(counts) {
    for (const [name, count] of Object.entries(counts)) {
      if (!this.names.has(name)) continue;
      for (let k = 0; k < Math.min(count, 8); k += 1) setTimeout(() => this.one(name), k * 90);
    }
  }

  one(name) {
    if (this.layer.childElementCount >= FLOATS || document.hidden) return;
    const item = document.createElement('span');
    item.className = `float ${name}`;
    item.style.left = `${8 + Math.random() * 80}%`;
    item.style.setProperty('--sway', `${Math.random() * 120 - 60}px`);
    item.append(icon(name));
    item.addEventListener('animationend', () => item.remove());
    this.layer.append(item);
  }
}

// A caption is shown when the picture reaches its sample; without a picture, at once.
export class Captions {
  constructor(element, clock, onSung) {
    this.onSung = onSung;
    this.element = element;
    this.clock = clock;
    this.coming = [];
    this.shown = true;
    this.ends = 0;
    setInterval(() => this.update(), 50);
  }

  add(caption) {
    if (typeof caption.text !== 'string') return;
    this.coming.push(caption);
    if (this.coming.length > 100) this.coming.shift();
    this.update();
  }

  update() {
    const at = this.clock();
    while (this.coming.length && (at < 0 || !(this.coming[0].sample > at))) {
      const caption = this.coming.shift();
      const length = (caption.length || 192000) / 48000;
      this.element.textContent = caption.text;
      this.element.classList.toggle('sung', caption.kind === 'sung');
      if (caption.kind === 'sung') this.onSung(caption.text);
      this.ends = performance.now() + 1000 * Math.max(1, length) + 300;
    }
    this.element.hidden = !this.shown || !this.element.textContent || performance.now() > this.ends;
  }
}

export function nowPlaying(parts, message) {
  const kind = message.kind || (message.title ? 'Now playing' : 'On stage');
  parts.kind.textContent = [kind, message.section].filter(Boolean).join(' · ');
  parts.title.textContent = message.title || parts.character;
  parts.line.textContent = message.line || message.lyric || (message.title && message.title === parts.song ? parts.line.textContent : '');
  parts.song = message.title;
  parts.card.classList.toggle('playing', Boolean(message.title));
}
