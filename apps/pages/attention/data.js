'use strict';
// The numbers of the page and the sentences about them. Layers, heads and tokens are counted from 0, as in the model's files.
globalThis.attend = {};

attend.data = (() => {
  const page = JSON.parse(document.getElementById('attention-data').textContent);
  const kNotComputed = 255;  // the byte of a weight that a sparse kind of attention leaves out; among floats it is NaN
  const kCacheBytes = 64e6;

  async function inflate(base64) {
    let bytes;
    if (Uint8Array.fromBase64) {
      bytes = Uint8Array.fromBase64(base64);
    } else {
      const text = atob(base64);
      bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
    }
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
    return new Response(stream).arrayBuffer();
  }

  /// Weights as they lie in the page: float32, or a byte each, with the table that says what a byte stands for.
  class Weights {
    static async read({levels, data}) {
      const weights = new Weights();
      const buffer = await inflate(data);
      weights.levels = levels;
      weights.raw = levels === 0 ? new Float32Array(buffer) : new Uint8Array(buffer);
      weights.table = null;
      if (levels > 0) {
        weights.table = new Float32Array(256);
        for (let b = 0; b < 256; ++b) weights.table[b] = b < levels ? (b / (levels - 1)) ** 2 : NaN;
      }
      weights.hasGaps = levels === 0 ? weights.raw.some(Number.isNaN) : weights.raw.includes(kNotComputed);
      return weights;
    }

    at(index) { return this.table ? this.table[this.raw[index]] : this.raw[index]; }

    copy(start, length) {
      if (!this.table) return this.raw.slice(start, start + length);
      const values = new Float32Array(length);
      for (let i = 0; i < length; ++i) values[i] = this.table[this.raw[start + i]];
      return values;
    }
  }

  class AttentionMap {
    constructor(values) { Object.assign(this, {values, images: {}, largest: null}); }
    get max() {
      if (this.largest === null) {
        this.largest = 0;
        for (let i = 0; i < this.values.length; ++i) if (this.values[i] > this.largest) this.largest = this.values[i];
      }
      return this.largest;
    }
  }

  /// One kind of attention: of the encoder, of the decoder, or between them. A map is the weights of all queries and keys under one name.
  class Part {
    constructor(json) {
      Object.assign(this, {name: json.name, label: json.label, layers: json.layers, heads: json.heads, causal: json.causal});
      this.queries = page.texts[json.queries].tokens.map(visible);
      this.keys = page.texts[json.keys].tokens.map(visible);
      this.specialQueries = new Set(page.texts[json.queries].special || []);
      this.specialKeys = new Set(page.texts[json.keys].special || []);
      this.oneText = json.queries === json.keys;
      this.summary = json.summary || [];
      this.json = json;
      this.maps = new Map();
    }

    async load() {
      this.weights = await Weights.read(this.json.weights);
      this.rollout = this.json.rollout ? await Weights.read(this.json.rollout) : null;
      this.json = null;
      const expected = this.layers * this.heads * this.size;
      if (this.weights.raw.length !== expected) {
        throw new Error(`${this.label}: the page holds ${this.weights.raw.length} weights; expected ${expected}`);
      }
    }

    get size() { return this.queries.length * this.keys.length; }
    start(layer, head) { return (layer * this.heads + head) * this.size; }
    weight(layer, head, query, key) { return this.weights.at(this.start(layer, head) + query * this.keys.length + key); }

    /// How many rows and columns of maps there are in a way of showing.
    layersOf(show) { return show === 'mean-layers' ? 1 : this.layers; }
    headsOf(show) { return show === 'heads' || show === 'mean-layers' ? this.heads : 1; }

    /// A map as floats, remembered while there is room.
    map(show, layer, head) {
      if (show === 'mean-layers') layer = 0;
      if (this.headsOf(show) === 1 && show !== 'heads') head = 0;
      const name = `${show}/${layer}/${head}`;
      let map = this.maps.get(name);
      if (map) {
        this.maps.delete(name);
      } else {
        map = new AttentionMap(this.values(show, layer, head));
        if (this.maps.size >= Math.max(20, kCacheBytes / (4 * this.size))) this.maps.delete(this.maps.keys().next().value);
      }
      this.maps.set(name, map);
      return map;
    }

    values(show, layer, head) {
      if (show === 'heads') return this.weights.copy(this.start(layer, head), this.size);
      if (show === 'rollout') return this.rollout.copy(layer * this.size, this.size);
      const starts = [];
      if (show === 'mean-heads') for (let h = 0; h < this.heads; ++h) starts.push(this.start(layer, h));
      else for (let l = 0; l < this.layers; ++l) starts.push(this.start(l, head));
      return this.mean(starts);
    }

    /// The mean of those weights that were computed.
    mean(starts) {
      const sums = new Float32Array(this.size);
      const counts = new Uint16Array(this.size);
      const {raw, table} = this.weights;
      for (const start of starts) {
        for (let i = 0; i < this.size; ++i) {
          const weight = table ? table[raw[start + i]] : raw[start + i];
          if (weight === weight) {
            sums[i] += weight;
            ++counts[i];
          }
        }
      }
      for (let i = 0; i < this.size; ++i) sums[i] = counts[i] ? sums[i] / counts[i] : NaN;
      return sums;
    }

    /// A map made small: the largest weight of every block, NaN where nothing in it was computed.
    pooled(show, layer, head, rows, columns) {
      const Q = this.queries.length, K = this.keys.length;
      const direct = show === 'heads';
      const source = direct ? this.weights.raw : this.map(show, layer, head).values;
      const table = direct ? this.weights.table : null;
      const start = direct ? this.start(layer, head) : 0;
      const values = new Float32Array(rows * columns).fill(NaN);
      const columnOf = Uint16Array.from({length: K}, (_, k) => Math.floor(k * columns / K));
      let max = 0;
      for (let q = 0; q < Q; ++q) {
        const row = Math.floor(q * rows / Q) * columns;
        for (let k = 0, at = start + q * K; k < K; ++k, ++at) {
          const weight = table ? table[source[at]] : source[at];
          const place = row + columnOf[k];
          if (!(values[place] >= weight) && weight === weight) values[place] = weight;
          if (weight > max) max = weight;
        }
      }
      return {values, max};
    }

    /// What one token gives to all keys, or gets from all queries: the mean over `maps`, NaN where none of them computed it.
    profile({side, index}, maps) {
      const K = this.keys.length;
      const length = side === 'query' ? K : this.queries.length;
      const start = side === 'query' ? index * K : index, step = side === 'query' ? 1 : K;
      const means = new Float32Array(length);
      for (let i = 0; i < length; ++i) {
        let sum = 0, count = 0;
        for (const {values} of maps) {
          const weight = values[start + i * step];
          if (weight === weight) {
            sum += weight;
            ++count;
          }
        }
        means[i] = count ? sum / count : NaN;
      }
      return means;
    }
  }

  /// A token as it can be seen: blanks and line breaks get a sign, and what would turn the line around is taken out.
  function visible(token) {
    if (token === '') return '∅';
    const shown = token.replace(/\r?\n/g, '↵').replace(/\t/g, '⇥').replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g, '\ufffd');
    return shown.trim() === '' ? '␣'.repeat(Math.min(shown.length, 8)) : shown;
  }

  /// The places of the largest numbers, the largest first.
  function strongest(numbers, count) {
    const best = [];
    for (let i = 0; i < numbers.length; ++i) {
      if (!(numbers[i] > 0) || (best.length === count && numbers[i] <= numbers[best[count - 1]])) continue;
      let at = best.length;
      while (at > 0 && numbers[best[at - 1]] < numbers[i]) --at;
      best.splice(at, 0, i);
      if (best.length > count) best.pop();
    }
    return best;
  }

  function number(weight, digits = 3) {
    if (Number.isNaN(weight)) return 'not computed';
    if (weight > 0 && weight < 0.5 * 10 ** -digits) return `under ${(10 ** -digits).toFixed(digits)}`;
    return weight.toFixed(digits);
  }

  const parts = page.parts.map((json) => new Part(json));

  /// By how much a weight of the page may differ from the model's.
  function rounding(weights, weight) {
    if (weights.levels === 0) return 0;
    const half = 0.5 / (weights.levels - 1);
    return 2 * Math.sqrt(weight) * half + half * half;
  }

  function notes() {
    const sentences = [...(page.notes || [])];
    for (const part of parts) {
      const {levels} = part.weights;
      if (levels === 0) continue;
      const off = (weight) => rounding(part.weights, weight).toFixed(4);
      const whose = parts.length > 1 ? `${part.label}: weights` : 'Weights';
      sentences.push(`${whose} are rounded to ${levels} steps, so that the page stays small: one of 0.01 may be off by ${off(0.01)}, ` +
                     `one of 0.1 by ${off(0.1)}, one of 0.9 by ${off(0.9)}.`);
    }
    if (parts.some((part) => part.rollout && part.rollout.levels > 0)) sentences.push('Rollouts are rounded in the same way.');
    return sentences;
  }

  return {page, parts, strongest, number, rounding, notes};
})();

/// A weight by the part's name or number, layer, head, query and key; NaN where it was not computed.
attend.weight = (part, layer, head, query, key) => {
  const found = attend.data.parts.find((each) => each.name === part) || attend.data.parts[part];
  return found.weight(layer, head, query, key);
};
