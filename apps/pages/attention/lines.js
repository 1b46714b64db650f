// Lines between tokens: those that ask on the left, those that are asked on the right, a colour a head.
attend.lines = (() => {
  const {model, picture} = attend;
  const {state} = model;
  const kMaxLines = 1000, kMaxFocusLines = 300, kFaintest = 0.04, kFaintestOfOne = 0.005, kFaintestFar = 0.05, kPad = 10, kWholeRows = 100;

  const box = document.createElement('div'), inner = document.createElement('div'), canvas = document.createElement('canvas');
  box.className = 'box lines';
  inner.className = 'inner';
  canvas.className = 'ground';
  canvas.setAttribute('aria-hidden', 'true');
  box.append(canvas, inner);
  const columns = {query: [], key: []};
  let built = null, geometry = null, marked = null, pressed = null;
  let count = 0, someEqual = false;  // of the lines that are drawn; whether some as strong as the weakest of them are not
  let leftOut = 0, outOfSight = false, unit = 1;  // what is not drawn; the weight of the strongest colour

  function build() {
    const part = model.part();
    built = part;
    marked = pressed = null;
    inner.replaceChildren();
    for (const side of ['query', 'key']) {
      const column = document.createElement('div'), tokens = side === 'query' ? part.queries : part.keys;
      const special = side === 'query' ? part.specialQueries : part.specialKeys;
      column.className = `column ${side}`;
      column.setAttribute('role', 'group');
      column.setAttribute('aria-label', side === 'query' ? 'tokens that look' : 'tokens that are looked at');
      columns[side] = tokens.map((token, index) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = special.has(index) ? 'token special' : 'token';
        button.textContent = token;
        button.title = `${token} (${index})`;
        button.dir = 'auto';
        button.tabIndex = index === 0 ? 0 : -1;
        button.setAttribute('aria-pressed', false);
        Object.assign(button.dataset, {side, index});
        return button;
      });
      column.append(...columns[side]);
      inner.append(column);
    }
  }

  /// Where things stand, for a width. A strip of small squares, one a head, stands between the lines and the tokens.
  function measure(width) {
    const part = model.part(), narrow = width < 520;
    const rows = Math.max(part.queries.length, part.keys.length);
    const heads = Math.max(1, part.headsOf(state.show) === 1 ? 1 : state.on.size);
    const size = 14, gutter = narrow ? 34 : 50, square = Math.max(1.5, Math.min(9, (narrow ? 22 : 84) / heads));
    const strip = heads * square;
    const widest = (tokens) => Math.max(...tokens.map((token) => picture.widthOf(token.slice(0, 30), size)));
    part.widest ??= Math.max(widest(part.queries), widest(part.keys));
    const column = Math.max(40, Math.min(part.widest + 18, 200, (width - 2 * gutter - 2 * strip - (narrow ? 50 : 120)) / 2));
    const gap = Math.min(420, width - 2 * (gutter + column + strip + 8));
    const left = (width - 2 * (gutter + column + strip + 8) - gap) / 2;
    const start = left + gutter + column + strip + 8;
    return {width, rows, size, square, strip, column, lane: Math.min(2.5, 15 / heads), row: 26, height: 2 * kPad + 26 * rows,
            queryLeft: left + gutter, start, end: start + gap, keyLeft: start + gap + strip + 8};
  }

  function layout() {
    if (built !== model.part()) build();
    geometry = measure(box.clientWidth);
    inner.style.height = `${geometry.height}px`;
    for (const [side, left] of [['query', geometry.queryLeft], ['key', geometry.keyLeft]]) {
      const {style} = inner.querySelector(`.column.${side}`);
      style.left = `${left}px`;
      style.width = `${geometry.column}px`;
      style.top = `${kPad}px`;
    }
  }

  /// The strongest lines of the rows that can be seen, or of one token: [[weight, query, key, map]...], no more than are told apart.
  function collect(focus, rows) {
    const part = model.part(), K = part.keys.length, maps = model.drawn(), found = [];
    const most = focus ? kMaxFocusLines : kMaxLines;
    const own = focus && focus.side === 'query';
    const [fromQuery, toQuery] = own ? [focus.index, focus.index + 1] : focus ? [0, part.queries.length] : rows.query;
    const [fromKey, toKey] = focus && !own ? [focus.index, focus.index + 1] : focus ? [0, K] : rows.key;
    const [near, far] = own ? rows.key : rows.query;
    // Where every weight is small, as in a long text that is looked at evenly, lines are as strong as against the strongest.
    let strongest = 0;
    for (const {map} of maps)
      for (let q = fromQuery; q < toQuery; ++q)
        for (let k = fromKey, at = q * K + fromKey; k < toKey; ++k, ++at) if (map.values[at] > strongest) strongest = map.values[at];
    unit = Math.min(1, Math.max(2 * strongest, 1e-9));
    const floor = unit * (focus ? kFaintestOfOne : kFaintest);
    outOfSight = focus ? far - near < (own ? K : part.queries.length) : toKey - fromKey < K;
    maps.forEach(({map}, place) => {
      for (let q = fromQuery; q < toQuery; ++q) {
        for (let k = fromKey, at = q * K + fromKey; k < toKey; ++k, ++at) {
          const weight = map.values[at], other = own ? k : q;
          if (weight >= floor && (!focus || weight >= unit * kFaintestFar || (other >= near && other < far))) found.push([weight, q, k, place]);
        }
      }
    });
    leftOut = floor;
    someEqual = false;
    if (found.length <= most) return {maps, lines: found};
    const weights = Float32Array.from(found, (line) => line[0]).sort();
    leftOut = weights[weights.length - most];
    const lines = found.filter((line) => line[0] > leftOut), equal = found.filter((line) => line[0] === leftOut);
    const inSight = ([, q, k]) => !focus || ((own ? k : q) >= near && (own ? k : q) < far);
    for (const some of [equal.filter(inSight), equal.filter((line) => !inSight(line))]) lines.push(...thinned(some, most - lines.length));
    someEqual = lines.length < weights.length - weights.indexOf(leftOut);
    return {maps, lines};
  }

  /// As many as there is room for, from all over the list: rounded weights are often equal, and all of them would be too many.
  function thinned(lines, room) {
    return lines.length <= room ? lines : Array.from({length: room}, (_, i) => lines[Math.floor(i * lines.length / room)]);
  }

  /// One picture for the page and for files: lines, squares, numbers; `top` is what was scrolled away.
  function paint(surface, g, x, y, top, height, with_tokens) {
    const part = model.part(), focus = model.focus();
    const middle = (i) => y + kPad + (i + 0.5) * g.row - top;
    const range = (count) => [Math.max(0, Math.floor((top - kPad) / g.row)), Math.min(count, Math.ceil((top + height - kPad) / g.row))];
    const rows = {query: range(part.queries.length), key: range(part.keys.length)};
    const {maps, lines} = collect(focus, rows);
    count = lines.length;
    if (focus) paintOthers(surface, g, x, middle, focus, maps, rows);
    const width = maps.length === 1 ? 2.4 : 1.8, start = x + (focus && focus.side === 'key' ? g.start : g.start - g.strip - 4);
    const end = x + (focus && focus.side === 'query' ? g.end : g.end + g.strip + 4);
    for (const [weight, query, key, place] of lines) {
      const aside = (place - (maps.length - 1) / 2) * g.lane;  // heads side by side
      surface.curve(start, middle(query) + aside, end, middle(key) + aside, maps[place].colour, width,
                    focus ? 0.1 + 0.9 * (weight / unit) ** 0.7 : 0.85 * (weight / unit) ** 0.9);
    }
    if (with_tokens) paintTokens(surface, g, x, middle, focus, rows);
  }

  /// The tokens at the other end: a tint and a number for the mean, a square a head; hatched where nothing was computed.
  function paintOthers(surface, g, x, middle, focus, maps, rows) {
    const part = model.part(), K = part.keys.length, toKeys = focus.side === 'query';
    const means = part.profile(focus, maps.map((each) => each.map));
    const left = x + (toKeys ? g.keyLeft : g.queryLeft), strip = toKeys ? x + g.end + 4 : x + g.start - 4 - g.strip;
    const [first, last] = toKeys ? rows.key : rows.query;
    for (let i = first; i < last; ++i) {
      const up = middle(i) - g.row / 2;
      if (Number.isNaN(means[i])) {
        surface.hatch(strip, up + 5, g.strip, g.row - 10);
        continue;
      }
      if (means[i] < 0.001) continue;
      surface.rect(left, up + 1, g.column, g.row - 2, picture.ink('accent'), 0.34 * Math.sqrt(means[i]));
      maps.forEach(({map, colour}, place) => {
        const weight = map.values[toKeys ? focus.index * K + i : i * K + focus.index], side = g.square - (g.square > 4 ? 1 : 0);
        if (weight > 0.002) surface.rect(strip + place * g.square, up + 5, side, g.row - 10, colour, Math.sqrt(weight));
      });
      if (means[i] >= 0.01) {
        surface.text(means[i].toFixed(2), toKeys ? left + g.column + 6 : left - 6, middle(i) + 4,
                     {size: 11, anchor: toKeys ? 'start' : 'end', fill: picture.ink('muted')});
      }
    }
  }

  function paintTokens(surface, g, x, middle, focus, rows) {
    const part = model.part();
    for (const side of ['query', 'key']) {
      const tokens = side === 'query' ? part.queries : part.keys, special = side === 'query' ? part.specialQueries : part.specialKeys;
      for (let i = rows[side][0]; i < rows[side][1]; ++i) {
        const chosen = focus && focus.side === side && focus.index === i;
        const at = side === 'query' ? x + g.queryLeft + g.column - 6 : x + g.keyLeft + 6;
        if (chosen) surface.rect(x + (side === 'query' ? g.queryLeft : g.keyLeft), middle(i) - 12, g.column, 24, picture.ink('accent'));
        surface.text(picture.fitted(tokens[i], g.column - 10, g.size), at, middle(i) + 5, {
          size: g.size, anchor: side === 'query' ? 'end' : 'start', weight: chosen ? 600 : 400,
          fill: picture.ink(chosen ? 'on-accent' : special.has(i) ? 'muted' : 'ink'),
        });
      }
    }
  }

  function mark() {
    const focus = model.focus(), next = focus ? columns[focus.side][focus.index] : null;
    if (next === marked) return;
    if (marked) marked.classList.remove('focus');
    if (next) next.classList.add('focus');
    marked = next;
  }

  function draw() {
    if (!geometry || built !== model.part()) return;
    mark();
    const height = box.clientHeight;
    canvas.style.height = `${height}px`;
    canvas.style.marginBottom = `${-height}px`;
    const surface = new picture.CanvasSurface(canvas, geometry.width, height, devicePixelRatio || 1);
    paint(surface, geometry, 0, 0, box.scrollTop, height, false);
  }

  function show() {
    layout();
    press(state.token === null ? null : columns[state.side][state.token]);
    draw();
  }

  /// The chosen token is a pressed button, and the one that Tab leads to.
  function press(next) {
    if (pressed === next) return;
    for (const [button, chosen] of [[pressed, false], [next, true]]) {
      if (!button) continue;
      button.setAttribute('aria-pressed', chosen);
      button.tabIndex = chosen || button.dataset.index === '0' ? 0 : -1;
    }
    if (next && inner.contains(document.activeElement)) next.focus({preventScroll: true});
    pressed = next;
  }

  /// Scrolls a token, or the chosen one, into the box, never the page.
  function reveal(index = state.token) {
    if (index === null || !geometry) return;
    const at = kPad + index * geometry.row, {clientHeight: height, scrollTop: top} = box;
    if (at < top + geometry.row || at > top + height - 2 * geometry.row) box.scrollTop = at - height / 2;
  }

  function found(matches) {
    for (const side of ['query', 'key']) {
      columns[side].forEach((button, index) => button.classList.toggle('match', matches[side].has(index)));
    }
  }

  const tokenOf = (event) => {
    const button = event.target.closest ? event.target.closest('.token') : null;
    return button ? {side: button.dataset.side, index: Number(button.dataset.index)} : null;
  };
  box.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'touch') model.point(tokenOf(event));
  });
  box.addEventListener('pointerleave', () => model.point(null));
  box.addEventListener('click', (event) => {
    const at = tokenOf(event);
    if (!at) return;
    const again = state.token === at.index && state.side === at.side;
    model.set(again ? {token: null, side: 'query'} : {token: at.index, side: at.side});
  });
  box.addEventListener('scroll', () => requestAnimationFrame(draw), {passive: true});

  /// The whole text in a file, or what can be seen of a long one.
  function file() {
    const g = measure(Math.max(520, Math.min(900, box.clientWidth)));
    const whole = g.rows <= kWholeRows, top = whole ? 0 : box.scrollTop, height = whole ? g.height : box.clientHeight;
    const draw_all = (surface, x, y) => surface.clip(x, y, g.width, height, () => paint(surface, g, x, y, top, height, true));
    return {width: g.width, height, paint: draw_all};
  }

  function legend() {
    const least = attend.data.number(leftOut, leftOut < 0.01 ? 3 : 2);
    const far = model.focus() ? `, and below ${attend.data.number(unit * kFaintestFar, 3)} to tokens out of sight,` : ', and to tokens out of sight,';
    const scale = unit < 1 ? ` The strongest colour would be a weight of ${attend.data.number(unit, 3)}.` : '';
    return `Lines of weights below ${least}${outOfSight ? far : ''} are not drawn${someEqual ? `, nor are all of ${least}` : ''}.${scale}`;
  }

  return {box, show, draw, reveal, found, file, legend, count: () => count, most: kMaxFocusLines};
})();
