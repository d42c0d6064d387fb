// The fan page: wires the connection, the picture and the chat to the document.

import { Chat } from './chat.js';
import { Kept } from './kept.js';
import { Link } from './link.js';
import { Player } from './player.js';
import { Captions, Floats, icon, nowPlaying } from './show.js';

const $ = (id) => document.getElementById(id);
const REACTIONS = ['heart', 'star', 'clap', 'fire', 'laugh', 'note'];
const STATES = { live: 'Live', away: 'Reconnecting', connecting: 'Connecting', ended: 'Disconnected' };

const video = $('video');
const chat = new Chat($('lines'), $('newest'));
const floats = new Floats($('floats'), REACTIONS);
const now = { card: $('now'), kind: $('now-kind'), title: $('now-title'), line: $('now-line'), character: $('now-title').textContent };
const renaming = { on: false };
let asking = false;
let silenced = false;
let hintTimer = 0;

function hint(text) {
  $('hint').textContent = text;
  clearTimeout(hintTimer);
  if (text) hintTimer = setTimeout(() => { $('hint').textContent = ''; }, 6000);
}

function soundButton() {
  $('unmute').hidden = !(player.started && video.muted) || silenced;
  $('mute').setAttribute('aria-pressed', String(video.muted));
}

const player = new Player(video, (state) => {
  if (state === 'playing') $('waiting').classList.add('gone');
  if (state === 'waiting') {
    $('waiting').classList.remove('gone');
    $('waiting-text').textContent = 'The picture is coming back';
  }
  if (state === 'unsupported') $('waiting-text').textContent = 'This browser cannot show the live picture. Chat works.';
  queueMicrotask(soundButton);
});
const captions = new Captions($('caption'), () => player.sample, (line) => {
  if (now.song) now.line.textContent = line;
});

const link = new Link({
  state(state) {
    $('state').dataset.state = state;
    $('state').textContent = STATES[state];
  },
  welcome(message) {
    if (message.title) document.title = $('title').textContent = message.title;
    $('fans').textContent = message.fans === 1 ? '1 fan here' : `${message.fans} fans here`;
    for (const event of message.sticky) take(event);
  },
  named(name) {
    $('my-name').textContent = name;
    showForms(Boolean(name) && !renaming.on);
  },
  clear() { chat.clear(); },
  entry(entry) { chat.add(entry); },
  event(event) { take(event); },
  reactions(counts) { floats.burst(counts); },
  done(id) { chat.done(id); },
  memory(message) { kept.take(message); },
  error(message) {
    hint(message.message);
    if (message.code === 'name_needed') showForms(false);
  },
});

const kept = new Kept({
  dialog: $('kept'), open: $('kept-open'), close: $('kept-close'), says: $('kept-says'), list: $('kept-list'),
  save: $('kept-save'), erase: $('kept-erase'),
}, (message) => link.send(message));

function take(event) {
  if (event.type === 'caption') captions.add(event);
  else if (event.type === 'now_playing') nowPlaying(now, event);
  else if (event.type === 'reactions') floats.burst(event);
  else if (event.type === 'state' && Number.isFinite(event.fans)) $('fans').textContent = `${event.fans} fans here`;
}

function showForms(named) {
  $('name-form').hidden = named;
  $('say-form').hidden = !named;
  $('me').hidden = !named;
}

$('name-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = $('name').value.trim();
  if (!name) return;
  renaming.on = false;
  link.send({ type: 'name', name });
  setTimeout(() => $('say').focus(), 150);
});

$('rename').addEventListener('click', () => {
  renaming.on = true;
  $('name').value = link.name;
  showForms(false);
  $('name').focus();
});

$('say-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('say').value.trim();
  if (!text) return;
  chat.pending(link.say(text, asking ? 'request' : 'chat'), link.name);
  $('say').value = '';
  if (asking) ask(false);
});

function ask(on) {
  asking = on;
  $('ask').setAttribute('aria-pressed', String(on));
  $('say').placeholder = on ? 'Ask for a song: what about?' : 'Say something';
  $('say').focus();
}
$('ask').addEventListener('click', () => ask(!asking));

for (const name of REACTIONS) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = name;
  button.setAttribute('aria-label', name);
  button.append(icon(name));
  button.addEventListener('click', () => {
    link.send({ type: 'reaction', kind: name, count: 1 });
  });
  $('reactions').append(button);
}

$('captions').addEventListener('click', () => {
  captions.shown = !captions.shown;
  $('captions').setAttribute('aria-pressed', String(captions.shown));
  captions.update();
});

function sound(on) {
  silenced = !on;
  video.muted = !on;
  if (on) {
    video.volume = Number($('volume').value) || 0.8;
    player.play();
  }
  soundButton();
}
$('unmute').addEventListener('click', () => sound(true));
$('mute').addEventListener('click', () => sound(video.muted));
$('volume').addEventListener('input', () => {
  video.volume = Number($('volume').value);
  video.muted = video.volume === 0;
});
video.addEventListener('volumechange', soundButton);

try {
  $('notice').hidden = localStorage.getItem('limelight-notice') === 'seen';
} catch { $('notice').hidden = false; }
$('notice-ok').addEventListener('click', () => {
  $('notice').hidden = true;
  try { localStorage.setItem('limelight-notice', 'seen'); } catch { /* shown again next time */ }
});

// For tests and for looking under the hood from the console.
globalThis.limelight = { link, player };
