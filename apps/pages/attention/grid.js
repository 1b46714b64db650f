// All layers and heads as small maps; a click opens one. What a head mostly does has a colour.
attend.grid = (() => {
  const {model, picture} = attend;
  const {state} = model;
  const kMinCell = 46, kMaxCell = 128, kMostPixels = 112, kSliceMs = 10;

  const box = document.createElement('div'), table = document.createElement('div');
  box.className = 'box grid';
  table.className = 'cells';
  box.append(table);
  let built = '', cells = [], side = 64, waiting = [], running = false, chosen = null;
  let only = null;  // what heads have to do, or the others are dimmed

  /// What heads do, the most frequent first: [[does, number of heads]...]; its order gives the colours.
  function habits() {
    const part = model.part();
    if (!part.habits) {
      const counts = new Map();
      for (const layer of part.summary) for (const {does} of layer) if (does) counts.set(does, (counts.get(does) || 0) + 1);
      part.habits = [...counts].sort((a, b) => b[1] - a[1]);
    }
    return part.habits;
  }
  function habitOf(layer, head) {
    const summary = state.show === 'heads' && model.part().summary[layer] ? model.part().summary[layer][head] : null;
    return summary && summary.does ? summary.does : null;
  }
  const habitColour = (does) => picture.colourOf(habits().findIndex(([name]) => name === does));

  function label(text, className) {
    const span = document.createElement('span');
    span.className = `edge ${className}`;
    span.textContent = text;
    return span;
  }

  function build() {
    const part = model.part(), layers = part.layersOf(state.show), heads = part.headsOf(state.show);
    table.replaceChildren(label(heads > 1 ? 'head' : '', 'corner'));
    for (let head = 0; head < heads; ++head) table.append(label(heads > 1 ? head : '', 'top'));
    cells = [];
    for (let layer = 0; layer < layers; ++layer) {
      table.append(label(layers > 1 ? (layer === 0 ? 'layer 0' : layer) : '', 'left'));
      for (let head = 0; head < heads; ++head) {
        const button = document.createElement('button'), canvas = document.createElement('canvas'), bar = document.createElement('span');
        button.type = 'button';
        button.className = 'cell';
        bar.className = 'bar';
        button.append(canvas, bar);
        Object.assign(button.dataset, {layer, head});
        table.append(button);
        cells.push({layer, head, button, canvas, bar, drawn: ''});
      }
    }
    table.style.setProperty('--columns', heads);
    built = `${part.name}/${state.show}`;
  }

  function size() {
    const part = model.part(), heads = part.headsOf(state.show), layers = part.layersOf(state.show);
    const wide = (box.clientWidth - 100 - 6 * heads) / heads, high = Math.max(72, innerHeight * 0.66 / layers - 12);
    side = Math.floor(Math.max(kMinCell, Math.min(kMaxCell, wide, high)));
    table.style.setProperty('--cell', `${side}px`);
  }

  /// How many pixels a small map has, rows and columns: those of the screen, or a pixel a weight where that is less.
  function pixels() {
    const part = model.part(), most = Math.min(kMostPixels, Math.ceil(side * (devicePixelRatio || 1)));
    return [Math.min(part.queries.length, most), Math.min(part.keys.length, most)];
  }

  function paintCell(cell) {
    const [rows, columns] = pixels(), name = `${picture.scheme()}/${state.scale}/${state.show}/${rows}/${columns}`;
    if (cell.drawn === name) return false;
    const {values, max} = model.part().pooled(state.show, cell.layer, cell.head, rows, columns);
    const image = picture.imageOf(values, rows, columns, state.scale === 'one' ? 1 : max);
    const surface = new picture.CanvasSurface(cell.canvas, side, side, Math.max(1, devicePixelRatio || 1));
    surface.hatch(0, 0, side, side);
    surface.image(image, 0, 0, side, side);
    cell.drawn = name;
    return true;
  }

  /// A slice of a frame at a time, so that the page answers meanwhile.
  function work() {
    const end = performance.now() + kSliceMs;
    while (waiting.length && performance.now() < end) paintCell(waiting.shift());
    running = waiting.length > 0 && state.view === 'grid';
    if (running) requestAnimationFrame(work);
  }

  function show() {
    if (built !== `${model.part().name}/${state.show}`) build();
    size();
    for (const cell of cells) {
      const does = habitOf(cell.layer, cell.head), said = model.habit(cell);
      cell.button.setAttribute('aria-label', `${model.place(cell)}${said ? `: ${said}` : ''}`);
      cell.bar.style.background = does ? habitColour(does) : 'transparent';
      cell.button.classList.toggle('dim', only !== null && does !== only);
    }
    waiting = [...cells];
    if (!running) {
      running = true;
      requestAnimationFrame(work);
    }
    draw();
  }

  function draw() {
    const at = model.part(), layer = at.layersOf(state.show) === 1 ? 0 : state.layer, head = at.headsOf(state.show) === 1 ? 0 : state.head;
    const next = cells[layer * at.headsOf(state.show) + head];
    if (next === chosen) return;
    if (chosen) {
      chosen.button.classList.remove('chosen');
      chosen.button.tabIndex = -1;
    }
    for (const cell of chosen ? [] : cells) cell.button.tabIndex = -1;
    chosen = next;
    chosen.button.classList.add('chosen');
    chosen.button.tabIndex = 0;
  }

  /// Brings the chosen map into view and, where the keyboard is in the grid, under it.
  function reveal() {
    if (!chosen) return;
    const {offsetLeft: left, offsetTop: top} = chosen.button;
    if (left < box.scrollLeft || left + side > box.scrollLeft + box.clientWidth) box.scrollLeft = left - box.clientWidth / 2;
    if (top < box.scrollTop || top + side > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 2;
    if (box.contains(document.activeElement)) chosen.button.focus({preventScroll: true});
  }

  const spotOf = (event) => {
    const button = event.target.closest ? event.target.closest('.cell') : null;
    return button ? {layer: Number(button.dataset.layer), head: Number(button.dataset.head)} : null;
  };
  box.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'touch') model.point(spotOf(event));
  });
  box.addEventListener('pointerleave', () => model.point(null));
  box.addEventListener('click', (event) => {
    const at = spotOf(event);
    if (at) model.set({...at, view: 'map'});
  });

  /// What the colours under the maps mean, as buttons that dim the others.
  function legend(host) {
    host.replaceChildren();
    if (state.show !== 'heads') return;
    for (const [does, count] of habits()) {
      const button = document.createElement('button'), dot = document.createElement('span');
      button.type = 'button';
      button.className = 'chip';
      dot.className = 'dot';
      dot.style.background = habitColour(does);
      button.append(dot, `${does}: ${count} ${count === 1 ? 'head' : 'heads'}`);
      button.setAttribute('aria-pressed', only === does);
      button.addEventListener('click', () => {
        only = only === does ? null : does;
        show();
        for (const each of host.children) each.setAttribute('aria-pressed', each === button && only !== null);
      });
      host.append(button);
    }
  }

  function file() {
    const part = model.part(), heads = part.headsOf(state.show), layers = part.layersOf(state.show);
    const step = side + 8, left = layers > 1 ? 52 : 0, top = heads > 1 ? 22 : 0, shown = state.show === 'heads' ? habits() : [];
    const width = Math.max(left + heads * step, 360), height = top + layers * step + 6 + 20 * shown.length;
    const paint = (surface, x, y) => {
      const muted = picture.ink('muted');
      for (let head = 0; head < heads && heads > 1; ++head) {
        surface.text(head === 0 ? 'head 0' : head, x + left + head * step + side / 2, y + 14, {size: 12, anchor: 'middle', fill: muted});
      }
      for (let layer = 0; layer < layers && layers > 1; ++layer) {
        const at = y + top + layer * step + side / 2 + 4;
        surface.text(layer === 0 ? 'layer 0' : layer, x + left - 8, at, {size: 12, anchor: 'end', fill: muted});
      }
      for (const cell of cells) {
        paintCell(cell);
        const [cx, cy] = [x + left + cell.head * step, y + top + cell.layer * step], does = habitOf(cell.layer, cell.head);
        surface.image(cell.canvas, cx, cy, side, side);
        surface.frame(cx, cy, side, side, picture.ink('line'));
        if (does) surface.rect(cx, cy + side + 1, side, 3, habitColour(does));
      }
      shown.forEach(([does, count], place) => {
        const at = y + top + layers * step + 16 + 20 * place;
        surface.rect(x + left, at - 9, 10, 10, habitColour(does));
        surface.text(`${does}: ${count}`, x + left + 18, at, {size: 12});
      });
    };
    return {width, height, paint};
  }

  const idle = () => !running;
  return {box, show, draw, reveal, legend, file, idle, habits, habitColour};
})();
