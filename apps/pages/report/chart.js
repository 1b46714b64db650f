// A chart: what lies still on one canvas, the cursor on another above it, and the values at the cursor as text below.
attend.Chart = (() => {
  const {model, Series, data} = attend;
  const kHeight = 220, kLeft = 58, kRight = 12, kTop = 10, kBottom = 26;
  const kLight = ['#1f5fa8', '#b8540f', '#24743a', '#9a2f7a', '#6b4fbb', '#7d6300', '#0f747c', '#b3243b'];
  const kDark = ['#7fb2ee', '#f2a65a', '#7ccb8f', '#e48fc9', '#b7a3f2', '#d8bf5a', '#5fc7cf', '#f08a98'];
  const kDashes = [[], [7, 3], [2, 3]];
  const kTimes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

  const dark = matchMedia('(prefers-color-scheme: dark)');
  const colourOf = (run) => (dark.matches ? kDark : kLight)[run.index % kLight.length];
  const dashOf = (run) => kDashes[Math.floor(run.index / kLight.length) % kDashes.length];
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /// A step of 1, 2 or 5 times a power of ten that cuts a length into at most `count` parts.
  function niceStep(length, count) {
    const power = 10 ** Math.floor(Math.log10(length / count));
    return [1, 2, 5, 10].map((part) => part * power).find((step) => length / step <= count) || 10 * power;
  }
  function ticks(min, max, step) {
    const list = [];
    for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9 && list.length < 50; ++i) list.push(i * step);
    return list;
  }
  function logTicks(min, max) {
    const decades = Math.log10(max / min), list = [], every = Math.ceil(decades / 6);
    if (decades < 0.7) return ticks(min, max, niceStep(max - min, 4));
    for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); ++power) {
      if (power % every) continue;
      for (const part of decades < 2.5 ? [1, 2, 5] : [1]) {
        const value = part * 10 ** power;
        if (value >= min && value <= max) list.push(value);
      }
    }
    return list;
  }
  const kUnits = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']];
  function short(value) {
    if (value === 0) return '0';
    const size = Math.abs(value), unit = size < 1e13 && kUnits.find(([from]) => size >= from * 10);
    if (unit) return `${Number((value / unit[0]).toPrecision(4))}${unit[1]}`;
    return size < 1e-3 || size >= 1e13 ? Number(value.toPrecision(2)).toExponential() : String(Number(value.toPrecision(4)));
  }

  class Chart {
    /// `lines`: [{run, series, xs}], where xs are the places on both axes; of evaluations also {averages, smaller}.
    constructor(title, lines, make, {isEvaluation = false, isSmoothed = false}) {
      Object.assign(this, {title, lines, isEvaluation, isSmoothed, dirty: true, visible: false, width: 0});
      this.ground = make('canvas', {aria: {hidden: true}});
      this.above = make('canvas', {className: 'above', aria: {hidden: true}});
      this.view = make('div', {className: 'view', tabIndex: 0, role: 'group', aria: {label: `${title}: the arrow keys move the cursor`}},
                       this.ground, this.above);
      this.rows = lines.map(({run}) => {
        const value = make('strong'), more = make('span', {className: 'soft'});
        const row = make('li', {}, make('span', {className: 'dot'}), make('span', {className: 'name'}, run.name), value, more);
        return {row, value, more};
      });
      this.note = make('p', {className: 'soft note'});
      this.box = make('section', {className: 'chart', aria: {label: title}}, make('h2', {}, title), this.view,
                      make('ul', {className: 'values'}, ...this.rows.map(({row}) => row)), this.note);
    }

    resize() {
      const width = this.view.clientWidth, ratio = Math.min(2, devicePixelRatio || 1);
      if (width === this.width && ratio === this.ratio) return;
      Object.assign(this, {width, ratio});
      for (const canvas of [this.ground, this.above]) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(kHeight * ratio);
      }
    }

    get plot() { return Math.max(1, this.width - kLeft - kRight); }
    xAt(x) {
      const [from, to] = model.bounds();
      return kLeft + this.plot * (x - from) / (to - from);
    }
    /// The place on the axis under a pixel of the view.
    under(pixel) {
      const [from, to] = model.bounds();
      return from + (to - from) * (pixel - kLeft) / this.plot;
    }
    get pixel() {
      const [from, to] = model.bounds();
      return (to - from) / this.plot;
    }
    yAt(y) {
      const {min, max, log} = this.range;
      const share = log ? Math.log(y / min) / Math.log(max / min) : (y - min) / (max - min);
      return kTop + (kHeight - kTop - kBottom) * (1 - share);
    }

    drawn() { return this.lines.filter(({run, xs}) => !model.state.off.has(run.index) && xs[model.state.axis]); }
    get smooth() { return this.isSmoothed ? model.state.smooth : 0; }
    seriesOf(line) { return line.series.smoothed(this.smooth); }

    /// The places of a line that are seen, with one beyond each edge.
    seen(line) {
      const [from, to] = model.bounds(), xs = line.xs[model.state.axis];
      let end = Series.placeOf(xs, to);
      while (end < xs.length && xs[end] === to) ++end;
      return [Math.max(0, Series.placeOf(xs, from) - 1), Math.min(xs.length, end + 1)];
    }

    measure() {
      const {log} = model.state, range = {min: Infinity, max: -Infinity};
      for (const line of this.drawn()) {
        const [begin, end] = this.seen(line);
        this.seriesOf(line).pyramid(log).widen(range, begin, end);
      }
      if (range.min > range.max) [range.min, range.max] = [log ? 0.1 : 0, 1];
      if (log) {
        const factor = Math.max(1.02, (range.max / range.min) ** 0.05);
        this.range = {log, min: range.min / factor, max: range.max * factor};
      } else {
        const margin = range.max > range.min ? (range.max - range.min) * 0.05 : Math.abs(range.max) * 0.05 || 0.5;
        const floor = range.min >= 0 && range.min < margin ? 0 : range.min - margin;
        this.range = {log, min: floor, max: range.max + margin};
      }
    }

    draw() {
      this.resize();
      this.measure();
      this.dirty = false;
      const context = this.ground.getContext('2d');
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.width, kHeight);
      this.drawAxes(context);
      context.save();
      context.beginPath();
      const beyond = this.isEvaluation ? 9 : 0;  // room for the ring at an edge
      context.rect(kLeft - beyond, kTop - 9, this.plot + 2 * beyond, kHeight - kTop - kBottom + 18);
      context.clip();
      for (const line of this.drawn()) {
        if (this.isEvaluation) this.drawPoints(context, line);
        else this.drawLine(context, line);
      }
      if (!this.isEvaluation) this.drawn().forEach((line) => this.drawSkipped(context, line.run));
      context.restore();
      this.drawCursor();
    }

    drawAxes(context) {
      const [from, to] = model.bounds(), {min, max, log} = this.range, bottom = kHeight - kBottom;
      const times = model.state.axis === 'seconds', count = Math.max(2, Math.floor(this.plot / 90));
      context.font = '12px system-ui, sans-serif';
      context.lineWidth = 1;
      context.strokeStyle = ink('line');
      context.fillStyle = ink('muted');
      context.setLineDash([]);
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      for (const value of log ? logTicks(min, max) : ticks(min, max, niceStep(max - min, 5))) {
        const y = Math.round(this.yAt(value)) + 0.5;
        context.beginPath();
        context.moveTo(kLeft, y);
        context.lineTo(this.width - kRight, y);
        context.stroke();
        context.fillText(short(value), kLeft - 7, y);
      }
      context.textAlign = 'center';
      context.textBaseline = 'top';
      const nice = niceStep(to - from, count);
      const step = times ? kTimes.find((each) => (to - from) / each <= count && to - from > 5) || nice : Math.max(1, nice);
      for (const value of ticks(from, to, step)) {
        const x = this.xAt(value), text = times ? data.time(value) : short(value);
        const half = context.measureText(text).width / 2;
        context.fillText(text, Math.min(x, this.width - half - 1), bottom + 8);
      }
    }

    drawLine(context, line) {
      const {smooth} = this, colour = colourOf(line.run);
      if (smooth) {
        context.globalAlpha = 0.28;
        this.stroke(context, line, line.series, colour, 1);
        context.globalAlpha = 1;
      }
      this.stroke(context, line, this.seriesOf(line), colour, smooth ? 2 : 1.5);
    }

    /// As a line from record to record, or, where there are more of them than pixels, from the least to the most of each pixel.
    stroke(context, line, series, colour, width) {
      const xs = line.xs[model.state.axis], {values} = series, {log} = this.range, [begin, end] = this.seen(line);
      const least = log ? Number.MIN_VALUE : -Number.MAX_VALUE;
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = width;
      context.lineJoin = 'bevel';
      context.setLineDash(dashOf(line.run));
      context.beginPath();
      let open = false;
      if (end - begin <= 2 * this.plot) {
        for (let i = begin; i < end; ++i) {
          const good = values[i] >= least && values[i] < Infinity;
          if (good && open) context.lineTo(this.xAt(xs[i]), this.yAt(values[i]));
          if (good && !open) {
            const [x, y] = [this.xAt(xs[i]), this.yAt(values[i])];
            context.moveTo(x, y);
            const alone = i + 1 === end || !(values[i + 1] >= least && values[i + 1] < Infinity);
            if (alone) context.fillRect(x - 1.5, y - 1.5, 3, 3);
          }
          open = good;
        }
      } else {
        const pyramid = series.pyramid(log), {pixel} = this, extent = {min: 0, max: 0};
        let before = null;  // the top and the bottom of the last pixel's bar, which the next one touches
        for (let place = begin, x = kLeft; place < end && x <= kLeft + this.plot; ++x) {
          const next = Math.min(end, Series.placeOf(xs, this.under(x) + pixel));
          if (next === place) continue;
          [extent.min, extent.max] = [Infinity, -Infinity];
          pyramid.widen(extent, place, next);
          place = next;
          if (extent.min > extent.max) {
            before = null;
            continue;
          }
          const now = [this.yAt(extent.max), this.yAt(extent.min)];
          const top = Math.round(before ? Math.min(now[0], before[1]) : now[0]);
          const bottom = Math.round(before ? Math.max(now[1], before[0]) : now[1]);
          context.fillRect(x, top, 1, Math.max(bottom - top, width));
          before = now;
        }
        return context.setLineDash([]);
      }
      context.stroke();
      context.setLineDash([]);
    }

    /// Evaluations, with a ring around the best, and diamonds for means of checkpoints.
    drawPoints(context, line) {
      const xs = line.xs[model.state.axis], {values} = line.series, [begin, end] = this.seen(line), colour = colourOf(line.run);
      const good = (i) => values[i] - values[i] === 0 && (!this.range.log || values[i] > 0);
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = 1.5;
      context.setLineDash(dashOf(line.run));
      context.beginPath();
      for (let i = begin; i < end; ++i) {
        if (good(i) && !line.averages[i]) context.lineTo(this.xAt(xs[i]), this.yAt(values[i]));
      }
      context.stroke();
      context.setLineDash([]);
      let last = -10;
      for (let i = begin; i < end; ++i) {
        const x = this.xAt(xs[i]);
        if (!good(i) || (end - begin > this.plot / 4 && x - last < 3 && !line.averages[i])) continue;
        const y = this.yAt(values[i]), size = line.averages[i] ? 6 : 3;
        last = x;
        context.beginPath();
        if (line.averages[i]) [[x, y - size], [x + size, y], [x, y + size], [x - size, y]].forEach((at) => context.lineTo(...at));
        else context.arc(x, y, size, 0, 7);
        context.fill();
      }
      const best = this.best(line);
      if (best < 0 || !good(best)) return;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(this.xAt(xs[best]), this.yAt(values[best]), 7, 0, 7);
      context.stroke();
    }

    /// The place of the best evaluation; -1 where there is none.
    best(line) {
      if (line.best !== undefined) return line.best;
      line.best = -1;
      line.series.values.forEach((value, i) => {
        if (value - value !== 0 || line.averages[i]) return;
        const before = line.series.values[line.best];
        if (line.best < 0 || (line.smaller ? value < before : value > before)) line.best = i;
      });
      return line.best;
    }

    drawSkipped(context, run) {
      const bottom = kHeight - kBottom + 3;
      let last = -1;
      context.fillStyle = colourOf(run);
      for (const step of run.skipped.steps) {
        const place = Math.min(run.x.step.length - 1, Series.placeOf(run.x.step, step));
        if (model.state.axis === 'seconds' && place < 0) continue;
        const x = Math.round(this.xAt(model.state.axis === 'step' ? step : run.x.seconds[place]));
        if (x !== last) context.fillRect(x - 1, bottom - 9, 2, 9);
        last = x;
      }
    }

    /// What stands at the cursor: {line, at, x, value, raw}, at -1 where the line does not reach it.
    readings() {
      const cursor = model.cursor(), [from, to] = model.bounds();
      return this.lines.map((line) => {
        const xs = line.xs[model.state.axis], off = model.state.off.has(line.run.index);
        if (!xs || !xs.length || off) return {line, at: -1};
        let at = cursor === null ? xs.length - 1 : Series.nearest(xs, cursor);
        if (cursor !== null && !this.isEvaluation) {
          const near = Math.max(this.pixel, xs.length > 1 ? (xs[xs.length - 1] - xs[0]) / (xs.length - 1) : 0);
          if (Math.abs(xs[at] - cursor) > near && (at === 0 || at === xs.length - 1)) at = -1;
        }
        if (at < 0) return {line, at};
        return {line, at, x: xs[at], inside: xs[at] >= from && xs[at] <= to, value: this.seriesOf(line).values[at],
                raw: line.series.values[at]};
      });
    }

    drawCursor() {
      const context = this.above.getContext('2d'), cursor = model.cursor(), readings = this.readings();
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.width, kHeight);
      this.tell(readings);
      if (this.drag) {
        context.fillStyle = ink('accent');
        context.globalAlpha = 0.18;
        context.fillRect(Math.min(...this.drag), kTop, Math.abs(this.drag[1] - this.drag[0]), kHeight - kTop - kBottom);
        context.globalAlpha = 1;
      }
      if (cursor === null) return;
      const x = this.xAt(cursor);
      if (x < kLeft - 1 || x > this.width - kRight + 1) return;
      context.fillStyle = ink('muted');
      context.fillRect(Math.round(x), kTop, 1, kHeight - kTop - kBottom);
      for (const {line, at, x: place, value, inside} of readings) {
        if (at < 0 || !inside || !(value - value === 0) || (this.range.log && value <= 0)) continue;
        context.beginPath();
        context.arc(this.xAt(place), Math.min(kHeight - kBottom, Math.max(kTop, this.yAt(value))), 4.5, 0, 7);
        context.fillStyle = colourOf(line.run);
        context.fill();
        context.lineWidth = 1.5;
        context.strokeStyle = ink('card');
        context.stroke();
      }
      const text = model.state.axis === 'step' ? data.number(cursor) : data.time(cursor);
      context.font = '12px system-ui, sans-serif';
      const half = context.measureText(text).width / 2 + 6, middle = Math.min(Math.max(x, half), this.width - half);
      context.fillStyle = ink('ink');
      context.fillRect(middle - half, kHeight - kBottom + 4, 2 * half, 19);
      context.fillStyle = ink('card');
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText(text, middle, kHeight - kBottom + 14);
    }

    /// The values as text.
    tell(readings) {
      const {smooth} = this, cursor = model.cursor();
      readings.forEach(({line, at, x, value, raw}, i) => {
        const {row, value: text, more} = this.rows[i];
        const off = model.state.off.has(line.run.index);
        if (row.hidden !== off) row.hidden = off;
        const said = at < 0 ? '–' : data.number(value);
        let beside = '';
        if (at >= 0 && this.isEvaluation) {
          const best = this.best(line), place = (where) => (model.state.axis === 'step' ? data.number(where) : data.time(where));
          beside = `at ${place(x)}`;
          if (line.averages[at]) beside += ', mean of checkpoints';
          else if (best === at) beside += ', the best';
          else if (best >= 0) beside += `; best ${data.number(line.series.values[best])} at ${place(line.xs[model.state.axis][best])}`;
        } else if (at >= 0 && smooth) {
          beside = `as recorded ${data.number(raw)}`;
        }
        if (at >= 0 && cursor === null && !this.isEvaluation) beside = beside ? `${beside}, the last` : 'the last';
        if (text.textContent !== said) text.textContent = said;
        if (more.textContent !== beside) more.textContent = beside;
      });
    }
  }

  return Object.assign(Chart, {colourOf, dark, left: kLeft});
})();
