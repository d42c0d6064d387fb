// What is kept of a fan: to see, to save and to erase. Words become text nodes and nothing else.

const PATIENCE = 6000;
const KINDS = { told: 'You said that', request: 'You asked for', gift: 'You gave', topic: 'You talked about' };

export class Kept {
  constructor(parts, send) {
    Object.assign(this, parts);
    this.send = send;
    this.waiting = '';
    this.facts = null;
    this.open.addEventListener('click', () => { this.dialog.showModal(); this.wish('show'); });
    this.close.addEventListener('click', () => this.dialog.close());
    this.erase.addEventListener('click', () => this.wish('erase'));
    this.save.addEventListener('click', () => this.download());
  }

  wish(what) {
    this.waiting = `m-${Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join('-')}`;
    this.tell('One moment …');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell('No answer. Please try again.'), PATIENCE);
    this.send({ type: 'memory', id: this.waiting, do: what });
  }

  take(message) {
    if (message.id !== this.waiting) return;
    clearTimeout(this.timer);
    this.facts = message;
    const things = message.things || [];
    if (!message.kept) this.tell('Nothing is kept in this show.');
    else if (message.erased) this.tell('Erased. Nothing of you is left.');
    else if (!message.known) this.tell('Nothing is kept of you.');
    else this.tell(`Known as ${message.name}, ${message.visits} ${message.visits === 1 ? 'visit' : 'visits'}. For you alone:`);
    this.list.replaceChildren(...things.map((thing) => {
      const item = document.createElement('li');
      item.dir = 'auto';
      item.textContent = `${KINDS[thing.kind] || thing.kind}: ${thing.text}`;
      return item;
    }));
    this.erase.disabled = this.save.disabled = !message.known;
  }

  tell(text) {
    this.says.textContent = text;
    this.list.replaceChildren();
    this.erase.disabled = this.save.disabled = true;
  }

  download() {
    const { name, visits, first, last, things } = this.facts;
    const blob = new Blob([JSON.stringify({ name, visits, first, last, things }, null, 2)], { type: 'application/json' });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = 'limelight-memory.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
