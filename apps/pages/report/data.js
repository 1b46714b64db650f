'use strict';
// The numbers of the page, and how they are said.
globalThis.attend = {};

attend.data = (() => {
  const page = JSON.parse(document.getElementById('report-data').textContent);

  function decoded(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  /// Numbers whose first bytes come first, then the second ones, and so on.
  async function unpacked(text, Numbers) {
    const stream = new Blob([decoded(text)]).stream().pipeThrough(new DecompressionStream('deflate'));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer());
    const width = Numbers.BYTES_PER_ELEMENT, count = planes.length / width, bytes = new Uint8Array(planes.length);
    for (let b = 0, from = 0; b < width; ++b) {
      for (let at = b; at < bytes.length; at += width) bytes[at] = planes[from++];
    }
    const numbers = new Numbers(bytes.buffer);
    if (numbers.length !== count) throw new Error(`the page holds ${planes.length} bytes of a column of ${width} each`);
    return numbers;
  }

  /// Seconds that never go back, so that they can be searched; what is not known is as before.
  function ascending(seconds) {
    const sorted = new Float64Array(seconds.length);
    let last = 0;
    for (let i = 0; i < seconds.length; ++i) {
      if (seconds[i] > last) last = seconds[i];
      sorted[i] = last;
    }
    return sorted;
  }

  async function readRun(json, index) {
    const steps = await unpacked(json.columns.step, Float64Array), columns = {};
    for (let i = 1; i < steps.length; ++i) steps[i] += steps[i - 1];
    for (const [name, packed] of Object.entries(json.columns)) {
      if (name === 'step' || packed === null) continue;
      columns[name] = await unpacked(packed, Float32Array);
      if (columns[name].length !== steps.length) throw new Error(`${json.name}: ${name} is not as long as the steps`);
    }
    json.columns = null;
    const curves = json.curves.map((curve) => ({
      metric: curve.metric,
      smaller: curve.smaller_is_better,
      x: {step: Float64Array.from(curve.steps), seconds: ascending(curve.seconds.map((second) => second ?? NaN))},
      values: Float32Array.from(curve.values, (value) => value ?? NaN),
      averages: curve.averages,
    }));
    const samplesAt = {
      step: Float64Array.from(json.samples, ({step}) => step),
      seconds: ascending(json.samples.map(({seconds}) => seconds ?? NaN)),
    };
    return {...json, index, columns, curves, samplesAt, x: {step: steps, seconds: columns.seconds ? ascending(columns.seconds) : null}};
  }

  const runs = [];
  async function load() {
    for (const [index, json] of page.runs.entries()) runs.push(await readRun(json, index));
  }

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ',');
  /// "12,345", "3.0858", "2.1e-5": five digits, all of whole numbers.
  function number(value, digits = 5) {
    if (!Number.isFinite(value)) return 'not a number';
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e15)) return String(Number(value.toPrecision(digits)));
    if (Number.isInteger(value) || size >= 10 ** (digits - 1)) return grouped(String(Math.round(value)));
    return String(Number(value.toPrecision(digits)));
  }
  /// "1:05:09", "5:09", "9.5 s".
  function time(seconds) {
    if (!Number.isFinite(seconds)) return '';
    if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
    const whole = Math.round(seconds), two = (part) => String(part).padStart(2, '0');
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  return {runs, settings: page.settings, load, number, time};
})();
