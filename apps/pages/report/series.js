// A column of numbers that can be asked for the smallest and the largest of any stretch, in a time that hardly grows with it.
attend.Series = (() => {
  const kFactor = 8;

  /// Each level holds the extremes of eight places of the level below. What is not finite does not count, nor, where only positive
  /// numbers do (for a logarithm), what is not above 0.
  class Pyramid {
    constructor(values, positive) {
      this.values = values;
      this.least = positive ? Number.MIN_VALUE : -Number.MAX_VALUE;
      this.levels = [];
      const least = this.least;
      let low = values, high = values;
      while (low.length > kFactor) {
        const count = Math.ceil(low.length / kFactor), mins = new Float32Array(count), maxs = new Float32Array(count);
        for (let block = 0, i = 0; block < count; ++block) {
          const end = Math.min(low.length, i + kFactor);
          let min = Infinity, max = -Infinity;
          for (; i < end; ++i) {
            const small = low[i], large = high[i];
            if (small < min && small >= least) min = small;
            if (large > max && large >= least && large < Infinity) max = large;
          }
          mins[block] = min;
          maxs[block] = max;
        }
        this.levels.push([mins, maxs]);
        [low, high] = [mins, maxs];
      }
    }

    /// Into `into.min` and `into.max`, which stay as they are where nothing in [begin, end) counts.
    widen(into, begin, end) {
      let low = this.values, high = this.values;
      const take = (i) => {
        if (low[i] < into.min && low[i] >= this.least) into.min = low[i];
        if (high[i] > into.max && high[i] >= this.least && high[i] < Infinity) into.max = high[i];
      };
      for (let level = 0; begin < end; ++level) {
        if (level === this.levels.length) {
          while (begin < end) take(begin++);
          return;
        }
        while (begin < end && begin % kFactor) take(begin++);
        while (begin < end && end % kFactor && end < low.length) take(--end);
        if (begin >= end) return;
        if (end === low.length) end = Math.ceil(end / kFactor) * kFactor;
        begin /= kFactor;
        end /= kFactor;
        [low, high] = this.levels[level];
      }
    }
  }

  /// The first place whose x is not below `x`.
  function placeOf(xs, x) {
    let begin = 0, end = xs.length;
    while (begin < end) {
      const middle = (begin + end) >> 1;
      if (xs[middle] < x) begin = middle + 1;
      else end = middle;
    }
    return begin;
  }
  /// The place whose x is nearest; -1 where there is none.
  function nearest(xs, x) {
    const at = placeOf(xs, x);
    if (at === xs.length) return at - 1;
    return at > 0 && x - xs[at - 1] <= xs[at] - x ? at - 1 : at;
  }

  class Series {
    constructor(values) {
      this.values = values;
      this.pyramids = {};
      this.smooth = null;
    }
    pyramid(positive) {
      this.pyramids[positive] ??= new Pyramid(this.values, positive);
      return this.pyramids[positive];
    }

    /// The exponential mean with this weight on what was before, as if what came before the first were nothing known.
    smoothed(weight) {
      if (weight === 0) return this;
      if (this.smooth && this.smooth.weight === weight) return this.smooth;
      const {values} = this, means = this.smooth ? this.smooth.values : new Float32Array(values.length);
      const share = 1 - weight;
      let mean = 0, unknown = 1;  // the share of what came before the first
      for (let i = 0; i < values.length; ++i) {
        const value = values[i];
        if (value - value === 0) {  // finite
          mean += share * (value - mean);
          if (unknown !== 0) unknown = unknown > 1e-9 ? unknown * weight : 0;  // before it is so small that it is slow to multiply
          means[i] = unknown === 0 ? mean : mean / (1 - unknown);
        } else {
          means[i] = NaN;
        }
      }
      this.smooth = new Series(means);
      this.smooth.weight = weight;
      return this.smooth;
    }
  }

  return Object.assign(Series, {placeOf, nearest});
})();
