// The list of lines. Whatever a fan wrote becomes a text node and nothing else.

const KEEP = 400;

function hue(name) {
  let sum = 7;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)) % 3600;
  return sum / 10;
}

export class Chat {
  constructor(list, newest) {
    this.list = list;
    this.newest = newest;
    this.byId = new Map();
    this.waiting = new Map();
    this.follow = true;
    list.addEventListener('scroll', () => {
      this.follow = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
      if (this.follow) newest.hidden = true;
    });
    newest.addEventListener('click', () => { this.follow = true; this.end(); });
    new ResizeObserver(() => { if (this.follow) this.end(); }).observe(list);
  }

  line(entry) {
    const item = document.createElement('li');
    item.className = `line${entry.is_ai ? ' ai-line' : ''}${entry.kind === 'request' ? ' request' : ''}`;
    const name = document.createElement('b');
    const isolate = document.createElement('bdi');
    isolate.textContent = entry.name || '';
    name.append(isolate);
    name.style.setProperty('--hue', hue(entry.name || ''));
    if (entry.is_ai) {
      const tag = document.createElement('span');
      tag.className = 'tag';
      tag.textContent = 'AI';
      item.append(tag);
    }
    const text = document.createElement('span');
    text.className = 'text';
    text.dir = 'auto';
    text.textContent = entry.removed ? 'removed' : entry.text;
    if (entry.removed) item.classList.add('removed');
    item.append(name, text);
    return item;
  }

  add(entry) {
    if (entry.type === 'remove') {
      const item = this.byId.get(entry.id);
      if (item) {
        item.classList.add('removed');
        item.querySelector('.text').textContent = 'removed';
      }
      return;
    }
    const item = this.line(entry);
    item.dataset.id = entry.id;
    const first = this.waiting.values().next().value;
    this.list.insertBefore(item, first || null);
    this.byId.set(entry.id, item);
    while (this.list.childElementCount > KEEP + this.waiting.size) {
      this.byId.delete(this.list.firstElementChild.dataset.id);
      this.list.firstElementChild.remove();
    }
    this.end();
  }

  // A line of one's own that the house has not confirmed yet.
  pending(line, name) {
    const item = this.line({ name, text: line.text, kind: line.type });
    item.classList.add('waiting-line');
    this.waiting.set(line.id, item);
    this.list.append(item);
    this.follow = true;
    this.end();
  }

  done(id) {
    this.waiting.get(id)?.remove();
    this.waiting.delete(id);
  }

  clear() {
    for (const item of this.byId.values()) item.remove();
    this.byId.clear();
  }

  end() {
    if (this.follow) {
      this.list.scrollTop = this.list.scrollHeight;
      this.newest.hidden = true;
    } else {
      this.newest.hidden = false;
    }
  }
}
