// The page around the views: controls, search, keys, pictures to take away.
attend.page = (() => {
  const {model, data, picture} = attend;
  const {state} = model;
  const kViewNames = {lines: 'Lines', grid: 'All heads', map: 'One head'};
  const kShowNames = {heads: 'each head', 'mean-heads': 'mean of the heads', 'mean-layers': 'mean of the layers', rollout: 'rollout'};
  const views = {lines: attend.lines, grid: attend.grid, map: attend.map};
  const matches = {query: new Set(), key: new Set()};

  /// make('button', {className: 'chip'}, 'text', child...): every text of the page goes in as text.
  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    const {aria, on, ...rest} = properties;
    Object.assign(element, rest);
    for (const [key, value] of Object.entries(aria || {})) element.setAttribute(`aria-${key}`, value);
    for (const [key, listener] of Object.entries(on || {})) element.addEventListener(key, listener);
    element.append(...children);
    return element;
  }
  const button = (text, label, click, className = 'button') =>
    make('button', {type: 'button', className, aria: label ? {label} : {}, on: {click}}, text);

  /// Buttons of which one is pressed.
  function segments(label, names, choose) {
    const box = make('div', {className: 'segments', role: 'group', aria: {label}});
    const buttons = Object.entries(names).map(([value, text]) => {
      const each = button(text, '', () => choose(value), '');
      each.dataset.value = value;
      return each;
    });
    box.append(...buttons);
    return {box, mark: (value) => buttons.forEach((each) => each.setAttribute('aria-pressed', each.dataset.value === String(value)))};
  }

  /// A number with a step down and a step up.
  function stepper(label, choose) {
    const select = make('select', {aria: {label}, on: {change: () => choose(Number(select.value))}});
    const step = (by) => {
      const next = Number(select.value) + by;
      if (next >= 0 && next < select.options.length) choose(next);
    };
    const box = make('div', {className: 'stepper'}, make('span', {}, label), button('‹', `${label} before`, () => step(-1)), select,
                     button('›', `${label} after`, () => step(1)));
    const mark = (value, count) => {
      if (select.options.length !== count) {
        select.replaceChildren(...Array.from({length: count}, (_, i) => make('option', {value: i}, String(i))));
      }
      select.value = value;
      box.hidden = count < 2;
    };
    return {box, mark};
  }

  const parts = segments('part of the model', Object.fromEntries(data.parts.map((part, i) => [i, part.label])),
                         (value) => model.set({part: Number(value)}));
  const tabs = segments('view', kViewNames, (view) => model.set({view}));
  const layer = stepper('layer', (value) => model.set({layer: value}));
  const head = stepper('head', (value) => model.set({head: value}));
  const show = make('select', {aria: {label: 'what is shown'}, on: {change: () => model.set({show: show.value})}});
  const showBox = make('label', {className: 'stepper'}, make('span', {}, 'show'), show);
  const scale = make('input', {type: 'checkbox', on: {change: () => model.set({scale: scale.checked ? 'one' : 'own'})}});
  const scaleBox = make('label', {className: 'check'}, scale, 'one scale for all heads');
  const search = make('input', {type: 'search', placeholder: 'find a token', aria: {label: 'find a token'}, autocomplete: 'off',
                                spellcheck: false, on: {input: () => find(), keydown: onEnter}});
  const count = make('output', {className: 'soft'});
  const zoom = make('div', {className: 'stepper'}, make('span', {}, 'size'), button('−', 'smaller', () => attend.map.zoomOut()),
                    button('fit', 'fit into the window', () => attend.map.zoomFit()), button('+', 'larger', () => attend.map.zoomIn()));
  const chips = make('div', {className: 'chips', role: 'group', aria: {label: 'heads'}});
  const stage = make('div', {className: 'view'});
  const said = make('p', {className: 'said', role: 'status', aria: {live: 'polite'}});
  const legend = make('div', {className: 'legend'});
  const thin = make('span', {className: 'soft'});
  const message = make('span', {className: 'soft', role: 'status'});

  const counted = (count, name) => `${count} ${name}${count === 1 ? '' : 's'}`;
  /// What was looked at, in a line.
  function facts() {
    const {page, parts: [first]} = data, written = Object.keys(page.texts).filter((name) => name !== 'read');  // that is the target again
    const texts = written.map((name) => counted(page.texts[name].tokens.length, 'token'));
    const sizes = data.parts.length === 1 && first.layers * first.heads > 1
        ? `${counted(first.layers, 'layer')} of ${counted(first.heads, 'head')}` : '';
    return [page.model, page.family, page.kind ? `${page.kind} attention` : '', texts.join(' and '), sizes].filter(Boolean).join(' · ');
  }

  function buildPage() {
    const take = (verb, act) => make('span', {className: 'take'}, `${verb} as`, ...['svg', 'png'].map(
        (kind) => button(kind.toUpperCase(), `${verb} the picture as ${kind.toUpperCase()}`, () => act(kind))));
    const root = document.getElementById('attend');
    root.replaceChildren(
      make('p', {className: 'soft facts'}, facts()),
      make('nav', {className: 'bar', aria: {label: 'part and view'}}, ...(data.parts.length > 1 ? [parts.box] : []), tabs.box,
           make('div', {className: 'search'}, count, search)),
      make('nav', {className: 'bar', aria: {label: 'layer and head'}}, layer.box, head.box, showBox, zoom, scaleBox),
      make('main', {}, make('section', {className: 'figure', aria: {label: 'the picture'}}, chips, stage, said, legend), attend.panel.box),
      make('div', {className: 'bar away'}, take('Save', save), take('Copy', copy), button('Copy link', '', copyLink), message),
      make('div', {className: 'notes'}, ...data.notes().map((note) => make('p', {}, note))),
      make('details', {}, make('summary', {}, 'Keys and how to read this page'), help()));
  }

  function help() {
    const keys = [['1 2 3', 'lines, all heads, one head'], ['↑ ↓', 'token (in all heads: layer)'],
                  ['← →', 'head (in one head: the token looked at)'], ['Shift + arrows', 'layer and head, everywhere'],
                  ['Enter', 'open the small map'], ['a', 'all heads on'], ['p', 'next part'], ['+ − 0', 'size of the large map'],
                  ['/', 'find a token'], ['Esc', 'let go of the token']];
    return make('div', {className: 'help'},
      make('p', {}, 'A row of a map is a token that looks, a column one that is looked at; the numbers of a row add up to 1, where all ' +
                    'were computed. Layers, heads and tokens are counted from 0, as in the model’s files. Colours follow the square ' +
                    'root of the weight, so that small ones can be seen. Entropy is the mean over the tokens that look.'),
      make('dl', {}, ...keys.flatMap(([key, what]) => [make('dt', {}, make('kbd', {}, key)), make('dd', {}, what)])));
  }

  function markChips(part) {
    chips.hidden = state.view !== 'lines' || part.headsOf(state.show) === 1;
    if (chips.hidden) return;
    if (chips.childElementCount !== part.heads + 1) {
      chips.replaceChildren(button('all', 'all heads on or off', () => {
        model.set({on: state.on.size === part.heads ? new Set() : new Set(Array.from({length: part.heads}, (_, i) => i))});
      }, 'chip'));
      for (let i = 0; i < part.heads; ++i) chips.append(button(String(i), `head ${i}`, () => toggle(i), 'chip head'));
    }
    [...chips.children].forEach((chip, place) => {
      const on = place === 0 ? state.on.size === part.heads : state.on.has(place - 1);
      chip.setAttribute('aria-pressed', on);
      if (place > 0) chip.style.setProperty('--own', picture.colourOf(place - 1));
      if (place > 0) chip.title = `head ${place - 1}: a click turns it on or off, a double click leaves it alone`;
    });
  }
  function toggle(i) {
    const on = new Set(state.on);
    if (!on.delete(i)) on.add(i);
    model.set({on, ...(on.size === 1 ? {head: [...on][0]} : {})});
  }
  chips.addEventListener('dblclick', (event) => {
    const place = [...chips.children].indexOf(event.target.closest('.chip'));
    if (place > 0) model.set({head: place - 1});
  });

  function markControls() {
    const part = model.part();
    parts.mark(state.part);
    tabs.mark(state.view);
    layer.mark(state.layer, part.layersOf(state.show));
    head.mark(state.head, part.headsOf(state.show));
    const shows = Object.keys(kShowNames).filter((name) => name === 'heads' || (name === 'rollout' ? part.rollout : name === 'mean-heads'
        ? part.heads > 1 : part.layers > 1));
    show.replaceChildren(...shows.map((name) => make('option', {value: name}, kShowNames[name])));
    show.value = state.show;
    showBox.hidden = shows.length < 2;
    scale.checked = state.scale === 'one';
    scaleBox.hidden = state.view === 'lines';
    zoom.hidden = state.view !== 'map';
    markChips(part);
  }

  /// The colours of a map with the weights they stand for.
  function colourBar() {
    const max = state.scale === 'one' ? 1 : model.oneMap().max, steps = 48;
    const canvas = make('canvas', {className: 'ramp', width: steps, height: 1, aria: {hidden: true}}), context = canvas.getContext('2d');
    for (let i = 0; i < steps; ++i) {
      context.fillStyle = picture.rampColour((i / (steps - 1)) ** 2);
      context.fillRect(i, 0, 1, 1);
    }
    const digits = max < 0.1 ? 3 : 2;
    return make('span', {className: 'scale'}, '0', canvas, `${max.toFixed(digits)} (middle: ${(max / 4).toFixed(digits)})`);
  }
  function markLegend() {
    if (state.view === 'grid') attend.grid.legend(legend);
    else if (state.view === 'map') legend.replaceChildren(colourBar());
    else legend.replaceChildren(thin);
    if (model.part().weights.hasGaps) legend.append(make('span', {className: 'scale'}, make('span', {className: 'gap'}), 'not computed'));
    if (state.view === 'grid' && state.scale === 'own') {
      legend.append(make('span', {className: 'soft'}, 'Each map is coloured up to its own largest weight.'));
    }
  }

  function render() {
    const view = views[state.view];
    if (stage.firstChild !== view.box) {
      attend.map.hideTip();
      stage.replaceChildren(view.box);
    }
    markControls();
    find(false);
    view.show();
    view.reveal();
    view.draw();
    markLegend();
    tell();
  }
  function tell() {
    said.textContent = model.sentence();
    attend.panel.draw();
    if (state.view === 'lines') thin.textContent = attend.lines.legend();
  }

  // Once a frame at most, however fast the mouse moves.
  let due = null;
  const times = [];  // of what a frame of hovering took, for tests
  function frame() {
    const what = due, start = performance.now();
    due = null;
    if (what === null) return;
    if (what === 'state') return render();
    views[state.view].draw();
    tell();
    times.push(performance.now() - start);
    if (times.length > 1000) times.shift();
  }
  model.listen((what) => {
    if (due === null) requestAnimationFrame(frame);
    if (due !== 'state') due = what;
  });

  function find(marked = true) {
    const words = search.value.trim().toLowerCase(), part = model.part();
    for (const [side, tokens] of [['query', part.queries], ['key', part.keys]]) {
      matches[side] = new Set();
      if (words) tokens.forEach((token, i) => { if (token.toLowerCase().includes(words)) matches[side].add(i); });
    }
    const all = matches.query.size + (part.oneText ? 0 : matches.key.size);
    count.textContent = words ? (all === 0 ? 'none' : `${all} found`) : '';
    if (marked || words || find.before) for (const view of [attend.lines, attend.map]) view.found(matches);
    find.before = words;
  }
  function onEnter(event) {
    if (event.key === 'Enter') next(event.shiftKey ? -1 : 1);
  }
  /// From match to match.
  function next(by) {
    const places = [...matches.query].map((index) => ({side: 'query', index}));
    if (!model.part().oneText) places.push(...[...matches.key].map((index) => ({side: 'key', index})));
    if (places.length === 0) return;
    const now = places.findIndex(({side, index}) => side === state.side && index === state.token);
    const {side, index} = places[now < 0 && by < 0 ? places.length - 1 : (now + by + places.length) % places.length];
    model.set({token: index, side, ...(state.view === 'grid' ? {view: 'lines'} : {})});
    count.textContent = `${places.findIndex((each) => each.side === side && each.index === index) + 1} of ${places.length}`;
  }

  const pictureNow = () => ({...views[state.view].file(), title: model.caption()});
  const fileName = () => `attention-${model.part().name}-${state.view}-layer${state.layer}-head${state.head}`;
  async function attempt(what, done) {
    try {
      await what();
      message.textContent = done;
    } catch (error) {
      message.textContent = `That did not work: ${error.message}`;
    }
  }
  const save = (kind) => attempt(() => picture.save(kind, pictureNow(), fileName()), `Saved ${fileName()}.${kind}.`);
  const copy = (kind) => attempt(() => picture.copy(kind, pictureNow()), `Copied as ${kind.toUpperCase()}.`);
  const copyLink = () => attempt(() => navigator.clipboard.writeText(location.href.replace(/#.*$/, '') + model.hash()), 'Copied the link.');

  /// Arrows: [down or up, right or left].
  const kArrows = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  function move([down, right], shift) {
    const lines = state.view === 'lines';
    if (shift || state.view === 'grid') {
      if (down) model.set({layer: Math.max(0, state.layer + down)});
      else moveHead(right);
    } else if (down) {
      const from = state.token === null ? (down > 0 ? -1 : 1) : state.token;
      model.set({token: Math.max(0, from + down), ...(!lines && state.key === null ? {key: 0} : {})});
    } else if (lines) {
      moveHead(right);
    } else {
      model.set({key: Math.max(0, (state.key === null ? -1 : state.key) + right), ...(state.token === null ? {token: 0} : {})});
    }
  }
  function moveHead(right) {
    const all = state.view === 'lines' && state.on.size !== 1;
    model.set({head: Math.max(0, all ? state.head : state.head + right)});
  }

  const kKeys = {
    1: () => model.set({view: 'lines'}), 2: () => model.set({view: 'grid'}), 3: () => model.set({view: 'map'}),
    a: () => model.set({on: new Set(Array.from({length: model.part().heads}, (_, i) => i))}),
    p: () => model.set({part: (state.part + 1) % data.parts.length}),
    '/': () => search.focus(),
    Escape: () => model.set({token: null, key: null, side: 'query'}),
    '+': () => state.view === 'map' && attend.map.zoomIn(), '=': () => state.view === 'map' && attend.map.zoomIn(),
    '-': () => state.view === 'map' && attend.map.zoomOut(), 0: () => state.view === 'map' && attend.map.zoomFit(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches('input, select, textarea')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    if (kArrows[event.key]) move(kArrows[event.key], event.shiftKey);
    else if (kKeys[event.key]) kKeys[event.key]();
    else return;
    event.preventDefault();
  });

  async function start() {
    const root = document.getElementById('attend');
    root.textContent = 'Reading the numbers …';
    try {
      if (!globalThis.DecompressionStream) throw new Error('this browser is too old: it has no DecompressionStream');
      await Promise.all(data.parts.map((part) => part.load()));
    } catch (error) {
      root.textContent = `The page cannot be shown: ${error.message}.`;
      throw error;
    }
    buildPage();
    model.restore(location.hash);
    frame();  // at once: no empty page is seen
    addEventListener('hashchange', () => { if (location.hash !== model.hash()) model.restore(location.hash); });
    picture.dark.addEventListener('change', render);
    new ResizeObserver(() => { if (due === null) { due = 'state'; requestAnimationFrame(frame); } }).observe(stage);
  }

  return {start, times, pictureNow, matches};
})();
attend.ready = attend.page.start();
