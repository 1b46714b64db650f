// What is shown: one state, kept in the address.
attend.model = (() => {
  const {runs} = attend.data;
  const {placeOf, nearest} = attend.Series;

  /// `from` and `to` bound what is looked at, null: all of it; `at` is where the cursor is held; `off` are the runs that are not drawn.
  const state = {axis: 'step', log: false, smooth: 0, off: new Set(), from: null, to: null, at: null};
  let hover = null;         // where the mouse holds the cursor
  let onChange = () => {};  // of page.js

  const shown = () => runs.filter((run) => !state.off.has(run.index));
  const hasTime = () => runs.some((run) => run.x.seconds);
  const cursor = () => hover ?? state.at;

  /// All places of a run on the axis: records and evaluations.
  const placesOf = (run) => [run.x[state.axis], ...run.curves.map((curve) => curve.x[state.axis])].filter((xs) => xs && xs.length);

  /// The ends of everything, whether it is drawn or not, so that switching a run off moves nothing.
  function whole() {
    let [from, to] = [Infinity, -Infinity];
    for (const run of runs) {
      for (const xs of placesOf(run)) [from, to] = [Math.min(from, xs[0]), Math.max(to, xs[xs.length - 1])];
    }
    if (from > to) [from, to] = [0, 1];
    return from === to ? [from - 1, to + 1] : [from, to];
  }
  function bounds() {
    const [from, to] = whole();
    return state.from === null ? [from, to] : [state.from, state.to];
  }

  const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

  /// Whatever was asked for, what is there.
  function settle() {
    if (state.axis !== 'seconds' || !hasTime()) state.axis = 'step';
    state.log = state.log === true;
    state.smooth = isNumber(state.smooth) ? Math.min(0.999, Math.max(0, state.smooth)) : 0;
    state.off = new Set([...state.off].filter((index) => index in runs).sort((a, b) => a - b));
    const [from, to] = whole();
    if (!isNumber(state.from) || !isNumber(state.to) || !(state.from < state.to)) [state.from, state.to] = [null, null];
    if (state.from !== null) {
      const width = Math.min(to - from, Math.max(state.to - state.from, (to - from) * 1e-7, 1e-6));
      state.from = Math.min(Math.max(state.from, from), to - width);
      state.to = state.from + width;
      if (state.from <= from && state.to >= to) [state.from, state.to] = [null, null];
    }
    state.at = isNumber(state.at) ? Math.min(to, Math.max(from, state.at)) : null;
  }

  function set(change) {
    if ('axis' in change && change.axis !== state.axis) change = {from: null, to: null, at: null, ...change};
    Object.assign(state, change);
    if (!('at' in change)) hover = null;
    settle();
    onChange('state');
    remember();
  }
  function point(x) {
    if (x === hover) return;
    hover = x;
    onChange('hover');
  }
  /// Holds the cursor; nothing else is drawn again.
  function hold(x) {
    hover = null;
    state.at = x;
    settle();
    onChange('hover');
    remember();
  }

  /// Towards `middle`, by a factor.
  function zoom(factor, middle) {
    const [from, to] = bounds(), about = middle ?? cursor() ?? (from + to) / 2;
    const centre = Math.min(to, Math.max(from, about));
    set({from: centre - (centre - from) * factor, to: centre + (to - centre) * factor, at: state.at});
  }
  /// By a share of what is seen.
  function pan(share) {
    if (state.from === null) return;
    const by = (state.to - state.from) * share;
    set({from: state.from + by, to: state.to + by, at: state.at});
  }

  /// The record nearest to `x` among the runs that are drawn; null where there is none.
  function snapped(x) {
    let best = null;
    for (const run of shown()) {
      for (const xs of placesOf(run)) {
        const found = xs[nearest(xs, x)];
        if (best === null || Math.abs(found - x) < Math.abs(best - x)) best = found;
      }
    }
    return best;
  }
  /// The next record in a direction, or the next that is a pixel away.
  function beside(x, direction, pixel) {
    let best = null;
    for (const run of shown()) {
      for (const xs of placesOf(run)) {
        let at = placeOf(xs, x);
        if (direction > 0) while (at < xs.length && xs[at] <= x) ++at;
        else --at;
        if (at < 0 || at >= xs.length) continue;
        if (best === null || (xs[at] - best) * direction < 0) best = xs[at];
      }
    }
    if (best !== null && Math.abs(best - x) < pixel) {
      const further = snapped(x + direction * pixel);
      if ((further - best) * direction > 0) best = further;
    }
    return best ?? x;
  }
  function move(direction, pixel) {
    const [from, to] = bounds(), now = cursor();
    const next = now === null ? snapped(direction > 0 ? from : to) : beside(now, direction, pixel);
    if (next === null) return;
    hold(next);
    if (next < from || next > to) {
      const by = next < from ? next - from : next - to;
      set({from: from + by, to: to + by, at: next});
    }
  }
  const moveToEnd = (direction) => {
    const [from, to] = bounds(), next = snapped(direction > 0 ? to : from);
    if (next !== null) hold(next);
  };

  // The address, written a little later: browsers refuse hundreds of changes in a row.
  let timer = 0;
  function remember() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (location.hash !== hash()) history.replaceState(null, '', hash());
    }, 150);
  }
  function hash() {
    const fields = new URLSearchParams({axis: state.axis});
    if (state.log) fields.set('log', 1);
    if (state.smooth) fields.set('smooth', state.smooth);
    if (state.off.size) fields.set('off', [...state.off].join('.'));
    if (state.from !== null) fields.set('from', Number(state.from.toPrecision(12)));
    if (state.to !== null) fields.set('to', Number(state.to.toPrecision(12)));
    if (state.at !== null) fields.set('at', state.at);
    return `#${fields}`;
  }
  /// What an address asks for; what it does not name is as on a fresh page.
  function restore(text) {
    const fields = new URLSearchParams(text.replace(/^#/, ''));
    const number = (name) => (fields.get(name) ? Number(fields.get(name)) : null);
    const off = (fields.get('off') || '').split('.').filter((index) => /^\d{1,6}$/.test(index)).map(Number);
    Object.assign(state, {axis: fields.get('axis'), log: fields.get('log') === '1', smooth: number('smooth'), off: new Set(off),
                          from: number('from'), to: number('to'), at: number('at')});
    hover = null;
    settle();
    onChange('state');
  }

  return {state, set, point, hold, zoom, pan, move, moveToEnd, snapped, bounds, cursor, shown, hasTime, hash, restore,
          listen: (listener) => { onChange = listener; }};
})();
attend.state = attend.model.state;
attend.set = attend.model.set;
