// What stands beside the picture: what the head does, and to whom the token in question looks, as bars and numbers.
attend.panel = (() => {
  const {model} = attend;
  const {state} = model;
  const kRows = 7, kLeast = 0.001;

  const box = document.createElement('aside'), title = document.createElement('h2'), about = document.createElement('p');
  const subject = document.createElement('h3'), list = document.createElement('ol'), rest = document.createElement('p');
  box.className = 'panel';
  box.setAttribute('aria-label', 'about this head');
  rest.className = about.className = 'soft';
  box.append(title, about, subject, list, rest);
  const rows = Array.from({length: kRows}, () => {
    const row = document.createElement('li'), name = document.createElement('button'), bar = document.createElement('span');
    const value = document.createElement('span');
    name.type = 'button';
    name.className = 'name';
    name.addEventListener('click', () => go(Number(name.dataset.index)));
    bar.className = 'bar';
    value.className = 'value';
    name.dir = 'auto';
    row.append(name, bar, value);
    list.append(row);
    return {row, name, bar, value};
  });

  /// To a token of the list: a long text is scrolled to it, a map gets its cell.
  function go(index) {
    if (state.view === 'lines') attend.lines.reveal(index);
    else if (state.token !== null) model.set({key: index});
  }

  /// What the way of showing means, or what the heads in question do.
  function aboutShow(at) {
    const part = model.part();
    if (state.show === 'rollout') {
      return 'Rollout: how much of every input token has come up to this layer, when the layers are multiplied. Heads are averaged, ' +
             'and half of every layer is the token itself (Abnar and Zuidema, 2020).';
    }
    if (state.show === 'mean-heads') return `The mean of the ${part.heads} heads of this layer.`;
    if (state.show === 'mean-layers') {
      return `The mean over the ${part.layers} layers. Heads with the same number in different layers have nothing else in common.`;
    }
    const on = state.view === 'lines' ? [...state.on] : [at.head];
    if (on.length === 0) return 'Turn a head on to see its lines.';
    if (on.length > 1) return `Numbers are the mean of ${on.length} heads.`;
    const known = part.summary[at.layer] && part.summary[at.layer][on[0]];
    if (!known) return '';
    const spread = `Entropy ${known.entropy.toFixed(2)} nats: as if spread evenly over ${Math.exp(known.entropy).toFixed(1)} tokens.`;
    return known.does ? `${model.capital(known.does)} (${Math.round(100 * known.share)} %). ${spread}` : spread;
  }

  function subjectOf(focus) {
    const part = model.part(), token = (focus.side === 'query' ? part.queries : part.keys)[focus.index];
    return `${model.quoted(token)} ${focus.side === 'query' ? 'looks at' : 'is looked at by'}`;
  }

  function draw() {
    const part = model.part(), at = model.spot(), focus = model.focus();
    title.textContent = model.capital(model.place(at));
    about.textContent = aboutShow(at);
    const shown = focus !== null && state.view !== 'grid';
    subject.hidden = list.hidden = rest.hidden = !shown;
    if (!shown) return;
    const maps = state.view === 'lines' ? model.drawn().map((each) => each.map) : [model.oneMap()];
    const means = part.profile(focus, maps), others = focus.side === 'query' ? part.keys : part.queries;
    const best = attend.data.strongest(means, kRows).filter((i) => means[i] >= kLeast);
    subject.textContent = subjectOf(focus);
    let left = 0, gaps = 0;
    for (const mean of means) mean === mean ? left += mean : ++gaps;
    rows.forEach(({row, name, bar, value}, place) => {
      const index = best[place];
      row.hidden = index === undefined;
      if (row.hidden) return;
      left -= means[index];
      name.textContent = others[index];
      name.dataset.index = index;
      name.title = `token ${index}`;
      bar.style.setProperty('--share', means[index]);
      value.textContent = attend.data.number(means[index], means[index] < 0.01 ? 3 : 2);
    });
    const words = [];
    const count = means.length - best.length - gaps;
    const remaining = attend.data.number(Math.max(0, left), 2);
    if (count > 0) words.push(count === 1 ? `The other one: ${remaining}.` : `The other ${count} together: ${remaining}.`);
    if (gaps > 0) words.push(`Not computed: ${gaps}.`);
    rest.textContent = words.join(' ');
  }

  return {box, draw};
})();
