// The page around the charts: controls, tables, mouse and keys.
attend.page = (() => {
  const {model, data, Chart, Samples, Series} = attend;
  const {state} = model;
  const kCharts = {loss: 'Loss', learning_rate: 'Learning rate', gradient_norm: 'Gradient norm', tokens_per_second: 'Tokens a second'};
  const kBudget = 10;  // ms of drawing, from which on the other charts wait for the next frame
  const kDragged = 5;  // pixels from which on a press is no click

  /// make('button', {className: 'chip'}, 'text', child...): every text of the page goes in as text.
  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    const {aria, on, ...rest} = properties;
    for (const [key, value] of Object.entries(rest)) {
      if (key === 'role') element.setAttribute(key, value);
      else element[key] = value;
    }
    for (const [key, value] of Object.entries(aria || {})) element.setAttribute(`aria-${key}`, value);
    for (const [key, listener] of Object.entries(on || {})) element.addEventListener(key, listener);
    element.append(...children);
    return element;
  }
  const button = (text, label, click, className = 'button') =>
    make('button', {type: 'button', className, aria: label ? {label} : {}, on: {click}}, text);

  let charts = [], chips = [], samples = null;
  const axes = [['step', 'Step'], ['seconds', 'Time']].map(([axis, text]) => {
    const each = button(text, '', () => model.set({axis}), '');
    each.dataset.value = axis;
    return each;
  });
  const log = make('input', {type: 'checkbox', on: {change: () => model.set({log: log.checked})}});
  const smooth = make('input', {type: 'range', min: 0, max: 0.999, step: 0.001, aria: {label: 'smoothing'},
                                on: {input: () => model.set({smooth: weightOf(Number(smooth.value)), at: state.at})}});
  const smoothed = make('output', {className: 'soft'});
  const said = make('p', {className: 'said', role: 'status', aria: {live: 'polite'}});
  const message = make('span', {className: 'soft', role: 'status'});

  // The slider's last third is where smoothing differs: 0.5 on it is 0.83, 0.8 is 0.98.
  const weightOf = (place) => Math.round((1 - (1 - place) ** 2.5) * 1000) / 1000;
  const placeOf = (weight) => 1 - (1 - weight) ** 0.4;

  function buildCharts() {
    const lines = (name) => data.runs.filter((run) => run.columns[name])
        .map((run) => ({run, series: new Series(run.columns[name]), xs: run.x}));
    charts = Object.entries(kCharts).map(
        ([name, title]) => new Chart(title, lines(name), make, {isSmoothed: name !== 'learning_rate'}));
    const metrics = new Map();
    for (const run of data.runs) {
      for (const curve of run.curves) {
        const list = metrics.get(curve.metric) || metrics.set(curve.metric, []).get(curve.metric);
        list.push({run, series: new Series(curve.values), xs: curve.x, averages: curve.averages, smaller: curve.smaller});
      }
    }
    for (const [metric, list] of metrics) {
      charts.push(new Chart(`Evaluation: ${metric.replaceAll('_', ' ')}`, list, make, {isEvaluation: true}));
    }
    charts = charts.filter((chart) => chart.lines.length > 0);
    charts.forEach(listenTo);
  }

  function buildPage() {
    samples = new Samples(make);
    chips = data.runs.map((run) => {
      const chip = make('button', {type: 'button', className: 'chip', title: run.path, on: {click: () => toggle(run.index)}},
                        make('span', {className: 'dot'}), make('span', {}, run.name));
      chip.addEventListener('dblclick', () => alone(run.index));
      return chip;
    });
    const controls = make('nav', {className: 'bar', aria: {label: 'how it is drawn'}},
      ...(model.hasTime() ? [make('div', {className: 'segments', role: 'group', aria: {label: 'across'}}, ...axes)] : []),
      make('label', {className: 'check'}, 'smoothing', smooth, smoothed), make('label', {className: 'check'}, log, 'logarithmic'),
      make('div', {className: 'stepper'}, button('−', 'see more', () => model.zoom(2)), button('all', 'see everything', showAll),
           button('+', 'look closer', () => model.zoom(0.5))),
      button('Copy link', '', copyLink), message);
    document.getElementById('attend').replaceChildren(
      make('p', {className: 'soft facts'}, facts()), controls,
      make('div', {className: 'bar chips', role: 'group', aria: {label: 'runs'}}, ...chips), said,
      make('main', {className: 'charts'}, ...charts.map((chart) => chart.box), charts.length ? '' : 'No record holds a number to draw.'),
      samples.box,
      table('Runs', ['run', 'last step', 'best evaluation', 'tokens a second', 'time', 'skipped'], data.runs.map(aboutRun)),
      ...settings(), make('details', {}, make('summary', {}, 'Keys and how to read this page'), help()));
  }

  const counted = (count, name) => `${data.number(count)} ${name}${count === 1 ? '' : 's'}`;
  function facts() {
    const records = data.runs.reduce((sum, run) => sum + run.records, 0);
    return [data.runs.length === 1 ? data.runs[0].path : '', counted(records, 'record')].filter(Boolean).join(' · ');
  }
  function aboutRun(run) {
    const {best} = run, reasons = run.skipped.reasons.map(([reason, count]) => `${count} × ${reason}`).join('; ');
    const skipped = run.skipped.steps.length;
    return [run.name, data.number(run.last_step), best ? `${best.metric} ${data.number(best.value)} at ${data.number(best.step)}` : '–',
            run.tokens_per_second === null ? '–' : data.number(Math.round(run.tokens_per_second)), data.time(run.seconds ?? NaN) || '–',
            skipped ? `${data.number(skipped)} (${reasons})` : '0'];
  }

  function table(title, heads, rows) {
    return make('section', {className: 'facts-table', aria: {label: title}}, make('h2', {}, title),
      make('div', {className: 'scroll', tabIndex: 0, role: 'region', aria: {label: title}}, make('table', {},
        make('thead', {}, make('tr', {}, ...heads.map((head) => make('th', {scope: 'col'}, head)))),
        make('tbody', {}, ...rows.map(([head, ...cells]) => make('tr', {}, make('th', {scope: 'row'}, head),
                                                                    ...cells.map((cell) => make('td', {}, cell))))))));
  }
  function settings() {
    const names = data.runs.map((run) => run.name), rowOf = ({key, values}) => [key, ...values.map((value) => value ?? '–')];
    const differing = data.settings.filter((row) => row.differs), built = [];
    if (differing.length) built.push(table('Settings that differ', ['setting', ...names], differing.map(rowOf)));
    else if (data.runs.length > 1) built.push(make('p', {className: 'soft facts'}, 'The runs differ in no setting that run.toml holds.'));
    if (data.settings.length) {
      built.push(make('details', {}, make('summary', {}, 'All settings'), table('All settings', ['setting', ...names],
                                                                             data.settings.map(rowOf))));
    }
    return built;
  }
  function help() {
    const keys = [['← →', 'the cursor, to the next record or pixel'], ['Home End', 'the first and the last record seen'],
                  ['Shift + ← →', 'along the axis'], ['+ − 0', 'closer, further, everything'], ['x', 'steps or time'],
                  ['l', 'logarithmic'], ['1 to 9', 'a run on or off'], ['Esc', 'let go of the cursor, then see everything']];
    return make('div', {className: 'help'},
      make('p', {}, 'Drag over a chart to look closer, double-click to see everything. Ctrl and the wheel zoom, Shift and the wheel go ' +
                    'along. A click holds the cursor. Where records are denser than pixels, a line spans the least and the most ' +
                    'of each pixel. Smoothing is an exponential mean: each record counts that much less than the one after it. A ring is ' +
                    'the best evaluation, a diamond that of a mean of checkpoints, a tick at the bottom a skipped step. A double click ' +
                    'on a run leaves it alone. Samples are those of the evaluation at or before the cursor.'),
      make('dl', {}, ...keys.flatMap(([key, what]) => [make('dt', {}, make('kbd', {}, key)), make('dd', {}, what)])));
  }

  function toggle(index) {
    const off = new Set(state.off);
    if (!off.delete(index)) off.add(index);
    model.set({off, at: state.at});
  }
  function alone(index) {
    model.set({off: new Set(data.runs.map((run) => run.index).filter((each) => each !== index)), at: state.at});
  }
  const showAll = () => model.set({from: null, to: null, at: state.at});
  async function copyLink() {
    try {
      await navigator.clipboard.writeText(location.href.replace(/#.*$/, '') + model.hash());
      message.textContent = 'Copied the link.';
    } catch (error) {
      message.textContent = `That did not work: ${error.message}`;
    }
  }

  function listenTo(chart) {
    const {view} = chart;
    let press = null;  // {x, id} of a press that may become a drag
    const placeOfEvent = (event) => event.clientX - view.getBoundingClientRect().left;
    view.addEventListener('pointermove', (event) => {
      const x = placeOfEvent(event);
      if (press && press.mouse && Math.abs(x - press.x) > kDragged) chart.drag = [press.x, x];
      if (press && !press.mouse) model.hold(model.snapped(chart.under(x)));
      else if (chart.drag) change('hover');
      else if (event.pointerType === 'mouse') model.point(model.snapped(chart.under(x)));
    });
    view.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      press = {x: placeOfEvent(event), mouse: event.pointerType === 'mouse'};
      if (press.mouse) view.setPointerCapture(event.pointerId);
    });
    view.addEventListener('pointerup', (event) => {
      if (!press) return;
      const {drag} = chart, x = placeOfEvent(event), [from, to] = drag ? [Math.min(...drag), Math.max(...drag)] : [];
      press = chart.drag = null;
      if (drag) return model.set({from: chart.under(Math.max(from, Chart.left)), to: chart.under(to), at: state.at});
      const at = model.snapped(chart.under(x));
      model.hold(at === state.at ? null : at);
    });
    view.addEventListener('pointercancel', () => {
      press = chart.drag = null;
      change('hover');
    });
    view.addEventListener('pointerleave', () => model.point(null));
    view.addEventListener('dblclick', showAll);
    view.addEventListener('wheel', (event) => {
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        model.zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 200), chart.under(placeOfEvent(event)));
      } else if (state.from !== null && Math.abs(sideways) > (event.shiftKey ? 0 : Math.abs(event.deltaY))) {
        model.pan(sideways / chart.plot);
      } else {
        return;
      }
      event.preventDefault();
    }, {passive: false});
  }

  function escape() {
    if (model.cursor() !== null) model.hold(null);
    else showAll();
  }
  const kKeys = {
    ArrowLeft: (event) => (event.shiftKey ? model.pan(-0.2) : model.move(-1, charts[0]?.pixel ?? 0)),
    ArrowRight: (event) => (event.shiftKey ? model.pan(0.2) : model.move(1, charts[0]?.pixel ?? 0)),
    Home: () => model.moveToEnd(-1), End: () => model.moveToEnd(1), Escape: escape,
    '+': () => model.zoom(0.5), '=': () => model.zoom(0.5), '-': () => model.zoom(2), 0: showAll,
    x: () => model.set({axis: state.axis === 'step' ? 'seconds' : 'step'}), l: () => model.set({log: !state.log, at: state.at}),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target.type === 'range' && event.key !== 'Escape')) return;
    if (event.target.closest?.('.scroll') && event.key !== 'Escape') return;  // a table's own arrows
    const act = kKeys[event.key] || (/^[1-9]$/.test(event.key) && data.runs[event.key - 1] && (() => toggle(event.key - 1)));
    if (!act) return;
    act(event);
    event.preventDefault();
  });

  function sentence() {
    const cursor = model.cursor();
    if (cursor === null) return 'Point at a chart, tap it, or move the cursor with the arrow keys.';
    const place = state.axis === 'step' ? `Step ${data.number(cursor)}` : `After ${data.time(cursor)}`;
    const first = charts.find((chart) => !chart.isEvaluation);
    if (!first) return `${place}.`;
    const readings = first.readings().filter(({at}) => at >= 0).slice(0, 6);
    const values = readings.map(({line, value}) => `${data.runs.length > 1 ? `${line.run.name} ` : ''}${data.number(value)}`);
    const run = readings.length ? readings[0].line.run : null, seconds = run && run.columns.seconds;
    const beside = !seconds ? '' : state.axis === 'step' ? `, ${data.time(seconds[readings[0].at])}`
        : `, step ${data.number(run.x.step[readings[0].at])}`;
    return `${place}${data.runs.length === 1 ? beside : ''}${values.length ? `: ${first.title.toLowerCase()} ${values.join(', ')}` : ''}.`;
  }

  function markControls() {
    axes.forEach((each) => each.setAttribute('aria-pressed', each.dataset.value === state.axis));
    log.checked = state.log;
    smooth.value = placeOf(state.smooth);
    smoothed.textContent = state.smooth ? state.smooth.toFixed(3) : 'none';
    chips.forEach((chip, index) => chip.setAttribute('aria-pressed', !state.off.has(index)));
  }
  function markColours() {
    chips.forEach((chip, index) => chip.style.setProperty('--own', Chart.colourOf(data.runs[index])));
    samples.colour();
    for (const chart of charts) {
      chart.rows.forEach(({row}, i) => row.style.setProperty('--own', Chart.colourOf(chart.lines[i].run)));
      const skipped = chart.isEvaluation ? 0 : chart.lines.reduce((sum, {run}) => sum + run.skipped.steps.length, 0);
      chart.note.textContent = skipped ? `Ticks at the bottom: ${counted(skipped, 'skipped step')}.` : '';
    }
  }

  // Once a frame at most, however fast the mouse moves; charts out of sight wait until they are seen.
  let due = null;
  const times = {hover: [], state: []};  // of what a frame took, for tests
  let turn = 0;
  function drawCharts(start) {
    const last = turn;
    for (let i = 0; i < charts.length; ++i) {
      const place = (last + i) % charts.length, chart = charts[place];
      if (!chart.visible) {
        chart.dirty = true;
      } else if (!chart.dirty) {
        chart.drawCursor();
      } else if (performance.now() - start < kBudget) {
        chart.draw();
        turn = place + 1;
      } else {  // in the next frame, before those of this one
        change('hover');
      }
    }
  }
  function frame() {
    const what = due, start = performance.now();
    due = null;
    if (what === null) return;
    if (what === 'state') {
      markControls();
      for (const chart of charts) chart.dirty = true;
    }
    drawCharts(start);
    said.textContent = sentence();
    samples.show();
    times[what].push(performance.now() - start);
    if (times[what].length > 1000) times[what].shift();
  }
  function change(what) {
    if (due === null) requestAnimationFrame(frame);
    if (due !== 'state') due = what;
  }

  async function open() {
    await data.load();
    buildCharts();
    buildPage();
    markColours();
    const seen = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        const chart = charts.find((each) => each.view === target);
        chart.visible = isIntersecting;
        if (isIntersecting && chart.dirty) change('hover');
      }
    }, {rootMargin: '100px'});
    const sized = new ResizeObserver(() => change('state'));
    for (const chart of charts) {
      seen.observe(chart.view);
      sized.observe(chart.view);
    }
    Chart.dark.addEventListener('change', () => {
      markColours();
      change('state');
    });
    model.listen(change);
    samples.show();
    addEventListener('beforeprint', () => charts.forEach((chart) => chart.draw()));
    addEventListener('hashchange', () => model.restore(location.hash));
    model.restore(location.hash);
  }
  open().catch((error) => {
    document.getElementById('attend').textContent = `This page cannot be shown: ${error.message}`;
    throw error;
  });

  return {times, get charts() { return charts; }, sentence, idle: () => due === null};
})();
