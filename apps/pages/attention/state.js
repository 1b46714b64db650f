// What is shown: one state, kept in the address, and the sentences that say it.
attend.model = (() => {
  const {parts, strongest, number} = attend.data;
  const kViews = ['lines', 'grid', 'map'];
  const kShows = ['heads', 'mean-heads', 'mean-layers', 'rollout'];
  const everyHead = (part) => new Set(Array.from({length: part.heads}, (_, head) => head));

  /// `on` are the heads whose lines are drawn; `side` says whether `token` asks or is asked; `key` is the column of the map's chosen cell.
  const state = {part: 0, view: 'lines', layer: 0, head: 0, on: everyHead(parts[0]), token: null, side: 'query', key: null,
                 show: 'heads', scale: 'own'};
  let hover = null;        // what the mouse is over: {side, index} of a token, {query, key} of a cell, {layer, head} of a small map
  let onChange = () => {};  // of page.js

  const part = () => parts[state.part];

  function within(value, count) {
    return Number.isInteger(value) ? Math.min(count - 1, Math.max(0, value)) : null;
  }

  /// Whatever was asked for, what is there.
  function settle() {
    state.part = within(state.part, parts.length) ?? 0;
    const now = part();
    if (!kViews.includes(state.view)) state.view = 'lines';
    if (!kShows.includes(state.show) || (state.show === 'rollout' && !now.rollout)) state.show = 'heads';
    if ((state.show === 'mean-heads' && now.heads === 1) || (state.show === 'mean-layers' && now.layers === 1)) state.show = 'heads';
    state.layer = within(state.layer, now.layers) ?? 0;
    state.head = within(state.head, now.heads) ?? 0;
    state.on = new Set([...state.on].filter((head) => head < now.heads).sort((a, b) => a - b));
    if (state.side !== 'key') state.side = 'query';
    if (state.view !== 'lines' && state.side === 'key') {  // a map's token is a row
      state.key = state.token;
      state.token = null;
      state.side = 'query';
    }
    state.token = within(state.token, (state.side === 'query' ? now.queries : now.keys).length);
    state.key = within(state.key, now.keys.length);
  }

  /// Changes the state: set({layer: 3}). The heads that are on follow `head`, unless given.
  function set(change) {
    const next = {...change};
    if ('part' in next && next.part !== state.part) {
      Object.assign(next, {token: null, key: null, ...change});
      next.on ??= everyHead(parts[next.part] || parts[0]);
    }
    if ('head' in next) next.on ??= new Set([next.head]);
    Object.assign(state, next);
    hover = null;
    settle();
    onChange('state');
    remember();
  }

  function point(at) {
    if (JSON.stringify(at) === JSON.stringify(hover)) return;
    hover = at;
    onChange('hover');
  }

  // The address, written a little later: browsers refuse hundreds of changes in a row.
  let timer = 0;
  function remember() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (location.hash !== hash()) history.replaceState(null, '', hash());
    }, 150);
  }

  function hash() {
    const now = part(), fields = new URLSearchParams({part: now.name, view: state.view, layer: state.layer, head: state.head});
    if (state.on.size === now.heads && now.heads > 1) fields.set('heads', 'all');
    else if (state.on.size !== 1 || !state.on.has(state.head)) fields.set('heads', [...state.on].join('.'));
    if (state.token !== null) fields.set('token', state.token);
    if (state.side === 'key') fields.set('side', 'key');
    if (state.key !== null && state.view === 'map') fields.set('key', state.key);
    if (state.show !== 'heads') fields.set('show', state.show);
    if (state.scale !== 'own') fields.set('scale', state.scale);
    return `#${fields}`;
  }

  /// What an address asks for; what it does not name is as on a fresh page.
  function restore(text) {
    const fields = new URLSearchParams(text.replace(/^#/, ''));
    const count = (name) => (/^\d{1,6}$/.test(fields.get(name) || '') ? Number(fields.get(name)) : null);
    state.part = Math.max(0, parts.findIndex((each) => each.name === fields.get('part')));
    Object.assign(state, {view: fields.get('view'), layer: count('layer'), head: count('head'), token: count('token'),
                          side: fields.get('side'), key: count('key'), show: fields.get('show') || 'heads',
                          scale: fields.get('scale') === 'one' ? 'one' : 'own'});
    const heads = fields.get('heads');
    if (heads === null && state.head !== null) state.on = new Set([Math.min(state.head, part().heads - 1)]);
    else if (heads === null || heads === 'all') state.on = everyHead(part());
    else state.on = new Set(heads.split('.').filter((head) => /^\d+$/.test(head)).map(Number));
    hover = null;
    settle();
    onChange('state');
  }

  /// The maps that lines are drawn of: [{map, colour, head}].
  function drawn() {
    const now = part(), {show, layer} = state;
    if (now.headsOf(show) === 1) return [{map: now.map(show, layer, 0), head: 0, colour: attend.picture.ink('accent')}];
    return [...state.on].map((head) => ({map: now.map(show, layer, head), head, colour: attend.picture.colourOf(head)}));
  }
  const oneMap = () => part().map(state.show, state.layer, state.head);

  /// The token that is looked at, or null.
  function focus() {
    if (state.view === 'lines') return hover || (state.token === null ? null : {side: state.side, index: state.token});
    const at = cell();
    return at && at.query !== null ? {side: 'query', index: at.query} : null;
  }
  /// The cell of the map.
  function cell() {
    if (hover && 'query' in hover) return hover;
    return state.token === null && state.key === null ? null : {query: state.token, key: state.key};
  }
  /// The small map that is looked at.
  function spot() {
    return hover && 'layer' in hover ? hover : {layer: state.layer, head: state.head};
  }

  const listed = (heads) => `heads ${heads.slice(0, -1).join(', ')} and ${heads[heads.length - 1]}`;
  const some = (heads) => (heads.length > 6 ? `${heads.length} heads` : listed(heads));

  /// "layer 5, head 3", with what is averaged.
  function place({layer, head} = state) {
    const now = part(), words = [];
    if (state.show === 'rollout') return `rollout up to layer ${layer}`;
    if (state.show === 'mean-layers') words.push(`mean of the ${now.layers} layers`);
    else if (now.layers > 1) words.push(`layer ${layer}`);
    if (state.show === 'mean-heads') {
      words.push(`mean of the ${now.heads} heads`);
    } else if (now.heads > 1) {
      if (state.view !== 'lines' || state.on.size === 1) words.push(`head ${state.view === 'lines' ? [...state.on][0] : head}`);
      else if (state.on.size === 0) words.push('no head');
      else words.push(state.on.size < now.heads ? some([...state.on]) : now.heads === 2 ? 'both heads' : `all ${now.heads} heads`);
    }
    return words.join(', ') || now.label;
  }

  const kRightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
  /// A word of a language that is written from the right stands by itself, and does not turn the sentence around.
  const isolated = (token) => (kRightToLeft.test(token) ? `\u2068${token}\u2069` : token);
  const quoted = (token) => `‘${isolated(token.trim() || token)}’`;
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  /// "looks at the previous token (83 %), entropy 1.23 nats"; empty where nothing was measured: for averages and rollouts.
  function habit({layer, head}) {
    const summary = state.show === 'heads' && part().summary[layer] ? part().summary[layer][head] : null;
    if (!summary) return '';
    const does = summary.does ? `${summary.does} (${Math.round(100 * summary.share)} %), ` : '';
    return `${does}entropy ${summary.entropy.toFixed(2)} nats`;
  }

  function sentence() {
    const now = part();
    if (state.view === 'grid') {
      const at = spot(), said = habit(at);
      return `${capital(place(at))}${said ? `: ${said}` : ''}.`;
    }
    const begin = capital(place());
    if (state.view === 'map') {
      const at = cell();
      if (!at || at.query === null || at.key === null) return `${begin}. Point at a cell, or move with the arrow keys.`;
      const weight = oneMap().values[at.query * now.keys.length + at.key];
      const [query, key] = [quoted(now.queries[at.query]), quoted(now.keys[at.key])];
      if (Number.isNaN(weight)) return `${begin}: ${query} to ${key} is not computed; this kind of attention leaves it out.`;
      if (now.causal && at.key > at.query) return `${begin}: ${query} may not look at ${key}, which comes later.`;
      return `${begin}: ${query} looks at ${key} (${number(weight, now.weights.levels ? 3 : 4)}).`;
    }
    const at = focus();
    if (!at) return `${begin}. Point at a token, or tap it, to see what it looks at.`;
    const means = now.profile(at, drawn().map((each) => each.map));
    const others = at.side === 'query' ? now.keys : now.queries;
    const list = strongest(means, 3).map((i) => `${quoted(others[i])} (${number(means[i], means[i] < 0.01 ? 3 : 2)})`).join(', ');
    const own = quoted((at.side === 'query' ? now.queries : now.keys)[at.index]);
    if (!list) return `${begin}: ${own} ${at.side === 'query' ? 'looks at nothing' : 'is looked at by nothing'}.`;
    return `${begin}: ${own} ${at.side === 'query' ? 'looks at' : 'is looked at by'} ${list}.`;
  }

  /// What stands over a picture in a file.
  function caption() {
    const now = part(), own = parts.length > 1 ? `${now.label}. ` : '';
    if (state.view === 'grid') {
      const maps = now.layersOf(state.show) * now.headsOf(state.show);
      return `${now.label}: ${maps} ${maps === 1 ? 'map' : 'maps, layers down, heads across'}`;
    }
    const at = state.view === 'map' ? cell() : focus();
    const whole = at && (state.view === 'lines' || (at.query !== null && at.key !== null));
    return own + (whole ? sentence() : capital(place()));
  }

  return {state, part, set, point, hash, restore, drawn, oneMap, focus, cell, spot, place, quoted, capital, habit, sentence, caption,
          listen: (listener) => { onChange = listener; }};
})();
attend.state = attend.model.state;
attend.set = attend.model.set;
