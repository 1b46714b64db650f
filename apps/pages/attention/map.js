// One head as a large map: who looks is a row, who is looked at a column.
attend.map = (() => {
  const {model, picture} = attend;
  const {state} = model;
  const kMaxCell = 34, kLabel = 12, kSmallLabel = 10, kMostLabel = 130, kMostRects = 10000;

  const box = document.createElement('div'), inner = document.createElement('div'), canvas = document.createElement('canvas');
  const tip = document.createElement('div');
  box.className = 'box map';
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', 'the map; the arrow keys go from cell to cell');
  inner.className = 'inner';
  canvas.className = 'ground';
  canvas.setAttribute('role', 'img');
  tip.className = 'tip';
  tip.hidden = true;
  tip.setAttribute('aria-hidden', 'true');
  box.append(canvas, inner);
  let zoom = 1, geometry = null, matches = {query: new Set(), key: new Set()};

  /// Where things stand: labels on the left and above, then the cells, `cell` wide.
  function measure(width, height, times) {
    const part = model.part(), [Q, K] = [part.queries.length, part.keys.length];
    const widest = (tokens) => Math.max(...tokens.map((token) => picture.widthOf(token.slice(0, 24), kLabel)));
    part.rowLabel ??= Math.min(kMostLabel, widest(part.queries)) + 14;
    part.columnLabel ??= Math.min(kMostLabel, widest(part.keys)) + 10;
    const left = Math.max(34, Math.min(part.rowLabel, width * 0.28));
    const slanted = (width - left) / K > 15;
    const top = Math.max(30, slanted ? part.columnLabel * 0.72 + 14 : part.columnLabel);
    const beside = slanted ? Math.min(70, part.columnLabel * 0.6) : 10;
    const fit = Math.min((width - left - beside) / K, (height - top - 8) / Q, kMaxCell);
    const cell = Math.max(fit >= 4 ? Math.floor(fit) : fit, width < 520 ? Math.min(3, fit * 2) : 0.5) * times;
    const fullWidth = left + K * cell + beside, spare = Math.max(0, (width - fullWidth) / 2);
    return {width, left: left + spare, top, cell, Q, K, slanted: cell > 13, label: cell > 13 ? kLabel : kSmallLabel,
            fullWidth: fullWidth + spare, fullHeight: top + Q * cell + 8};
  }

  function imageOf(map) {
    const name = `${picture.scheme()}/${state.scale}`;
    return (map.images[name] ??= picture.imageOf(map.values, geometry.Q, geometry.K, state.scale === 'one' ? 1 : map.max));
  }

  /// The cells without labels; `at` is the corner of the first.
  function paintCells(surface, g, x, y, map, as_rects) {
    const [width, height] = [g.K * g.cell, g.Q * g.cell];
    if (model.part().weights.hasGaps) surface.hatch(x, y, width, height);
    else surface.rect(x, y, width, height, picture.rampColour(0));
    if (!as_rects) {
      surface.image(imageOf(map), x, y, width, height);
    } else {
      const max = state.scale === 'one' ? 1 : map.max;
      for (let i = 0; i < map.values.length; ++i) {
        const weight = map.values[i];
        if (Number.isNaN(weight)) continue;
        const [left, up, side] = [x + i % g.K * g.cell, y + Math.floor(i / g.K) * g.cell, g.cell + 0.3];
        surface.rect(left, up, side, side, picture.rampColour(max ? weight / max : 0));
      }
    }
    surface.frame(x - 0.5, y - 0.5, width + 1, height + 1, picture.ink('line'));
  }

  /// Labels of every row and column, or of so many that they can be read; those of the cell in question always.
  function paintLabels(surface, g, x, y, at, seen) {
    const part = model.part(), every = Math.max(1, Math.ceil(g.cell > 10.5 ? 1 : 13 / g.cell));
    const style = (special, chosen, match) => ({
      size: g.label, weight: chosen || match ? 600 : 400,
      fill: picture.ink(chosen ? 'accent' : match ? 'match' : special ? 'muted' : 'ink'),
    });
    const near = (i, chosen) => chosen !== null && i !== chosen && Math.abs(i - chosen) < every;
    const listed = (i, chosen) => i === chosen || (i % every === 0 && !near(i, chosen));
    for (let q = seen.query[0]; q < seen.query[1]; ++q) {
      if (!listed(q, at.query)) continue;
      surface.text(picture.fitted(part.queries[q], g.left - 12, g.label), x + g.left - 8, y(q) + 4,
                   {...style(part.specialQueries.has(q), q === at.query, matches.query.has(q)), anchor: 'end'});
    }
    for (let k = seen.key[0]; k < seen.key[1]; ++k) {
      if (!listed(k, at.key)) continue;
      const text = picture.fitted(part.keys[k], kMostLabel, g.label);
      surface.text(text, seen.column(k) + 4, seen.bottom - 6,
                   {...style(part.specialKeys.has(k), k === at.key, matches.key.has(k)), turn: g.slanted ? -45 : -90});
    }
  }

  function draw() {
    if (!geometry) return;
    const g = geometry, [width, height] = [box.clientWidth, box.clientHeight], {scrollLeft: sx, scrollTop: sy} = box;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.style.marginBottom = `${-height}px`;
    const surface = new picture.CanvasSurface(canvas, width, height, devicePixelRatio || 1), map = model.oneMap();
    const at = model.cell() || {query: null, key: null};
    const [x, y] = [g.left - sx, g.top - sy], middle = (i) => y + (i + 0.5) * g.cell, column = (k) => x + (k + 0.5) * g.cell;
    const range = (scrolled, room, count) =>
      [Math.max(0, Math.floor(scrolled / g.cell)), Math.min(count, Math.ceil((scrolled + room) / g.cell))];
    const seen = {column, bottom: g.top, query: range(sy, height - g.top, g.Q), key: range(sx, width - g.left, g.K)};
    surface.clip(g.left - 1, g.top - 1, width, height, () => {
      paintCells(surface, g, x, y, map, false);
      paintCross(surface, g, x, y, at);
    });
    surface.clip(0, g.top - 8, g.left, height, () => paintLabels(surface, g, 0, middle, at, {...seen, key: [0, 0]}));
    surface.clip(g.left - 10, 0, width, g.top, () => paintLabels(surface, g, 0, middle, at, {...seen, query: [0, 0]}));
    placeTip(at, column, middle);
  }

  function paintCross(surface, g, x, y, at) {
    const mark = picture.ink('accent');
    if (at.query !== null) surface.rect(x, y + at.query * g.cell, g.K * g.cell, Math.max(1, g.cell), mark, 0.13);
    if (at.key !== null) surface.rect(x + at.key * g.cell, y, Math.max(1, g.cell), g.Q * g.cell, mark, 0.13);
    if (at.query !== null && at.key !== null) {
      const size = Math.max(5, g.cell), shift = (size - g.cell) / 2;
      surface.frame(x + at.key * g.cell - shift, y + at.query * g.cell - shift, size, size, picture.ink('match'), 2);
    }
  }

  /// The two tokens and the number, beside the cell.
  function placeTip(at, column, middle) {
    tip.hidden = at.query === null || at.key === null;
    if (tip.hidden) return;
    const part = model.part(), weight = model.oneMap().values[at.query * part.keys.length + at.key];
    tip.textContent = `${model.quoted(part.queries[at.query])} → ${model.quoted(part.keys[at.key])}  ` +
                      attend.data.number(weight, part.weights.levels ? 3 : 4);
    const wide = picture.widthOf(tip.textContent, 13) + 22, [x, y] = [column(at.key), middle(at.query)];
    const left = Math.min(Math.max(4, x + 14), Math.max(4, box.clientWidth - wide - 4));
    const up = y + 48 > box.clientHeight ? y - 42 : y + 16;
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(2, up))}px)`;
  }

  function show() {
    if (!tip.parentNode) box.parentNode.append(tip);
    const room = Math.max(300, Math.min(innerHeight * 0.66, 900));
    geometry = measure(box.clientWidth, room, zoom);
    inner.style.width = `${geometry.fullWidth}px`;
    inner.style.height = `${geometry.fullHeight}px`;
    canvas.setAttribute('aria-label', `map of ${model.place()}: ${geometry.Q} rows, ${geometry.K} columns`);
    draw();
  }

  function setZoom(times) {
    const before = geometry.cell, at = model.cell();
    zoom = Math.min(40, Math.max(1, times));
    const fixed = at && at.query !== null && at.key !== null;
    const [row, column] = fixed ? [at.query, at.key] : [0, 0];
    const [sx, sy] = [box.scrollLeft, box.scrollTop];
    show();
    box.scrollLeft = sx + column * (geometry.cell - before);
    box.scrollTop = sy + row * (geometry.cell - before);
    draw();
  }

  function reveal() {
    if (!geometry) return;
    const g = geometry, hidden = (place, scroll, room) => place < scroll || place > scroll + room - g.cell;
    const turn = (place, scroll, room) => (hidden(place, scroll, room) ? Math.max(0, place - room / 2) : scroll);
    if (state.token !== null) box.scrollTop = turn(state.token * g.cell, box.scrollTop, box.clientHeight - g.top);
    if (state.key !== null) box.scrollLeft = turn(state.key * g.cell, box.scrollLeft, box.clientWidth - g.left);
  }

  function cellOf(event) {
    if (!geometry) return null;
    const g = geometry, frame = box.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left - box.clientLeft, event.clientY - frame.top - box.clientTop];
    const query = Math.floor((y - g.top + box.scrollTop) / g.cell), key = Math.floor((x - g.left + box.scrollLeft) / g.cell);
    const row = y >= g.top && query >= 0 && query < g.Q, column = x >= g.left && key >= 0 && key < g.K;
    if (row && column) return {query, key};
    if (row && x < g.left) return {query, key: null};
    return column && y < g.top ? {query: null, key} : null;
  }
  box.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'touch') model.point(cellOf(event));
  });
  box.addEventListener('pointerleave', () => model.point(null));
  box.addEventListener('click', (event) => {
    const at = cellOf(event);
    if (!at) return;
    const again = at.query === state.token && at.key === state.key;
    model.set(again ? {token: null, key: null} : {token: at.query, key: at.key});
  });
  box.addEventListener('scroll', () => requestAnimationFrame(draw), {passive: true});

  function paintScale(surface, x, y, max) {
    const style = {size: 11, fill: picture.ink('muted')}, steps = 40, wide = 120 / steps, digits = max < 0.1 ? 3 : 2;
    surface.text('0', x, y + 9, style);
    for (let i = 0; i < steps; ++i) surface.rect(x + 12 + i * wide, y, wide + 0.3, 10, picture.rampColour((i / (steps - 1)) ** 2));
    surface.frame(x + 12, y, 120.3, 10, picture.ink('line'));
    surface.text(`${max.toFixed(digits)} (middle: ${(max / 4).toFixed(digits)})`, x + 138, y + 9, style);
    if (!model.part().weights.hasGaps) return;
    surface.hatch(x + 250, y, 22, 10);
    surface.text('not computed', x + 278, y + 9, style);
  }

  function file() {
    const g = measure(Math.max(640, Math.min(1000, box.clientWidth)), 900, 1), map = model.oneMap();
    const at = model.cell() || {query: null, key: null};
    const paint = (surface, x, y) => {
      const as_rects = surface instanceof picture.SvgSurface && g.Q * g.K <= kMostRects;
      paintCells(surface, g, x + g.left, y + g.top, map, as_rects);
      paintCross(surface, g, x + g.left, y + g.top, at);
      paintLabels(surface, g, x, (q) => y + g.top + (q + 0.5) * g.cell, at,
                  {column: (k) => x + g.left + (k + 0.5) * g.cell, bottom: y + g.top, query: [0, g.Q], key: [0, g.K]});
      paintScale(surface, x + g.left, y + g.fullHeight + 6, state.scale === 'one' ? 1 : map.max);
    };
    return {width: g.fullWidth, height: g.fullHeight + 26, paint};
  }

  function found(next) {
    matches = next;
    if (state.view === 'map') draw();
  }

  return {box, show, draw, reveal, file, found, hideTip: () => { tip.hidden = true; }, zoomIn: () => setZoom(zoom * 1.5),
          zoomOut: () => setZoom(zoom / 1.5), zoomFit: () => setZoom(1), geometry: () => geometry};
})();
