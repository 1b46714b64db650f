// What the runs wrote at the evaluation before the cursor, beside what the data say.
attend.Samples = (() => {
  const {model, data, Series, Chart} = attend;

  /// One input; a row a run that was given it.
  class Input {
    constructor({input, expected}, make) {
      Object.assign(this, {make, rows: []});
      this.list = make('tbody');
      const given = (name, text) => make('tr', {}, make('th', {scope: 'row'}, name), make('td', {className: 'text'}, text));
      this.box = make('div', {className: 'scroll', tabIndex: 0, role: 'region', aria: {label: input}},
                      make('table', {}, make('thead', {}, given('input', input), expected ? given('expected', expected) : ''), this.list));
    }
    rowOf(run) {
      const {make} = this, found = this.rows.find((row) => row.run === run);
      if (found) return found;
      const text = make('td', {className: 'text'}), step = make('span', {className: 'soft'});
      const element = make('tr', {}, make('th', {scope: 'row'}, make('span', {className: 'dot'}), ` ${run.name} `, step), text);
      const row = {run, text, step, element, outputs: new Map()};  // by the place among the run's evaluations
      this.rows.push(row);
      this.list.append(element);
      return row;
    }
  }

  return class Samples {
    constructor(make) {
      const inputs = new Map();
      for (const run of data.runs) {
        run.samples.forEach(({samples}, place) => {
          for (const sample of samples) {
            const key = JSON.stringify([sample.input, sample.expected]);
            const input = inputs.get(key) || inputs.set(key, new Input(sample, make)).get(key);
            input.rowOf(run).outputs.set(place, sample.output);
          }
        });
      }
      this.inputs = [...inputs.values()];
      this.box = make('section', {className: 'facts-table samples', hidden: inputs.size === 0, aria: {label: 'Samples'}},
                      make('h2', {}, 'Samples'), ...this.inputs.map(({box}) => box));
    }

    /// The last evaluation at or before the cursor; without a cursor the last one.
    placeOf(run) {
      const cursor = model.cursor(), xs = run.samplesAt[model.state.axis];
      if (cursor === null) return xs.length - 1;
      const place = Series.placeOf(xs, cursor);
      return Math.max(0, xs[place] === cursor ? place : place - 1);
    }

    colour() {
      for (const {rows} of this.inputs) for (const {run, element} of rows) element.style.setProperty('--own', Chart.colourOf(run));
    }
    show() {
      for (const {rows} of this.inputs) {
        for (const row of rows) {
          const place = this.placeOf(row.run);
          row.element.hidden = model.state.off.has(row.run.index);
          if (row.place === place) continue;
          row.place = place;
          const {step, is_average: isAverage} = row.run.samples[place];
          row.step.textContent = `step ${data.number(step)}${isAverage ? ', the mean' : ''}`;
          row.text.textContent = row.outputs.get(place) ?? '–';
        }
      }
    }
  };
})();
