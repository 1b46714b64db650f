// What the views draw with: colours of the light and the dark scheme, and two surfaces that take the same strokes: a canvas, an SVG file.
attend.picture = (() => {
  const kRamps = {
    light: ['#ffffff', '#e3eef8', '#b4d0ea', '#6ea6d6', '#2f73b7', '#174a86', '#0a2449'],
    dark: ['#1b1f26', '#1d3048', '#1f4a78', '#2f74b5', '#66a6de', '#b0d5f4', '#f4faff'],
  };
  const kFont = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
  const dark = matchMedia('(prefers-color-scheme: dark)');

  const scheme = () => (dark.matches ? 'dark' : 'light');

  let known = {};
  /// A colour of the style sheet: "ink" is --ink.
  function ink(name) {
    if (known.scheme !== scheme()) known = {scheme: scheme(), style: getComputedStyle(document.documentElement)};
    return (known[name] ??= known.style.getPropertyValue(`--${name}`).trim());
  }

  /// OKLCH to sRGB (Ottosson 2020): hues of equal lightness.
  function oklch(lightness, chroma, degrees) {
    const a = chroma * Math.cos(degrees * Math.PI / 180), b = chroma * Math.sin(degrees * Math.PI / 180);
    const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
    const linear = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
    const gamma = (x) => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
    const bytes = linear.map((x) => Math.round(255 * Math.min(1, Math.max(0, gamma(x)))));
    return `#${bytes.map((x) => x.toString(16).padStart(2, '0')).join('')}`;
  }

  const kinds = new Map();
  /// The colour of one of many; neighbours are far apart on the circle of hues, and every second one is darker.
  function colourOf(index) {
    const name = `${scheme()}/${index}`;
    if (!kinds.has(name)) {
      const lift = index % 2 ? -0.05 : 0.03;
      kinds.set(name, oklch((scheme() === 'dark' ? 0.76 : 0.58) + lift, scheme() === 'dark' ? 0.12 : 0.15, (255 + index * 137.508) % 360));
    }
    return kinds.get(name);
  }

  const tables = {};
  /// 256 colours as a canvas holds them, for sqrt(weight / max).
  function ramp() {
    return (tables[scheme()] ??= Uint32Array.from({length: 256}, (_, i) => {
      const stops = kRamps[scheme()].map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
      const place = i / 255 * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2);
      const [r, g, b] = [0, 1, 2].map((c) => Math.round(stops[low][c] + (place - low) * (stops[low + 1][c] - stops[low][c])));
      return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
    }));
  }
  function rampColour(share) {
    const colour = ramp()[Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, share))))];
    return `rgb(${colour & 255}, ${colour >> 8 & 255}, ${colour >> 16 & 255})`;
  }

  function canvasOf(width, height) {
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(width));
    canvas.height = Math.max(1, Math.round(height));
    return canvas;
  }

  /// A pixel a weight; what was not computed stays transparent, so that the hatching under it shows.
  function imageOf(values, rows, columns, max) {
    const canvas = canvasOf(columns, rows), context = canvas.getContext('2d');
    const image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer), colours = ramp(), scale = max > 0 ? 1 / max : 0;
    for (let i = 0; i < pixels.length; ++i) {
      const weight = values[i];
      if (weight === weight) pixels[i] = colours[Math.min(255, Math.round(255 * Math.sqrt(weight * scale)))];
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  const tiles = new Map();
  function hatchTile(ratio) {
    const name = `${scheme()}/${ratio}`;
    if (!tiles.has(name)) tiles.set(name, makeTile(ratio));
    return tiles.get(name);
  }
  function makeTile(ratio) {
    const size = 6 * ratio, tile = canvasOf(size, size), context = tile.getContext('2d');
    context.fillStyle = ink('gap');
    context.fillRect(0, 0, size, size);
    context.strokeStyle = ink('hatch');
    context.lineWidth = ratio;
    for (const shift of [-size, 0, size]) {
      context.moveTo(shift - 1, size + 1);
      context.lineTo(shift + size + 1, -1);
    }
    context.stroke();
    return tile;
  }

  const ruler = canvasOf(1, 1).getContext('2d');
  function widthOf(text, size) {
    ruler.font = `${size}px ${kFont}`;
    return ruler.measureText(text).width;
  }
  /// The text, cut to a width.
  function fitted(text, width, size) {
    if (widthOf(text, size) <= width) return text;
    const letters = [...text];
    while (letters.length > 1 && widthOf(letters.join('') + '…', size) > width) letters.pop();
    return letters.join('') + '…';
  }

  class CanvasSurface {
    constructor(canvas, width, height, ratio) {
      const w = Math.round(width * ratio), h = Math.round(height * ratio);
      if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, {width: w, height: h});
      this.context = canvas.getContext('2d');
      this.ratio = ratio;
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.context.clearRect(0, 0, width, height);
    }
    rect(x, y, width, height, fill, alpha = 1) {
      this.context.globalAlpha = alpha;
      this.context.fillStyle = fill;
      this.context.fillRect(x, y, width, height);
    }
    frame(x, y, width, height, stroke, line = 1) {
      Object.assign(this.context, {globalAlpha: 1, strokeStyle: stroke, lineWidth: line});
      this.context.strokeRect(x, y, width, height);
    }
    curve(x1, y1, x2, y2, stroke, line, alpha) {
      const {context} = this, middle = (x1 + x2) / 2;
      context.globalAlpha = alpha;
      context.strokeStyle = stroke;
      context.lineWidth = line;
      context.beginPath();
      context.moveTo(x1, y1);
      context.bezierCurveTo(middle, y1, middle, y2, x2, y2);
      context.stroke();
    }
    text(text, x, y, {anchor = 'start', size = 13, fill = ink('ink'), weight = 400, turn = 0} = {}) {
      const {context} = this;
      context.globalAlpha = 1;
      context.fillStyle = fill;
      context.font = `${weight} ${size}px ${kFont}`;
      context.textAlign = anchor === 'middle' ? 'center' : anchor;
      if (turn === 0) return void context.fillText(text, x, y);
      context.save();
      context.translate(x, y);
      context.rotate(turn * Math.PI / 180);
      context.fillText(text, 0, 0);
      context.restore();
    }
    image(image, x, y, width, height) {
      this.context.globalAlpha = 1;
      this.context.imageSmoothingEnabled = width < image.width;
      this.context.drawImage(image, x, y, width, height);
    }
    hatch(x, y, width, height) {
      const pattern = this.context.createPattern(hatchTile(Math.ceil(this.ratio)), 'repeat');
      pattern.setTransform(new DOMMatrix().scale(1 / Math.ceil(this.ratio)));
      this.rect(x, y, width, height, pattern);
    }
    clip(x, y, width, height, draw) {
      this.context.save();
      this.context.beginPath();
      this.context.rect(x, y, width, height);
      this.context.clip();
      draw();
      this.context.restore();
    }
  }

  const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const round = (value) => String(Math.round(value * 100) / 100);
  const box = (x, y, width, height) => `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;

  class SvgSurface {
    constructor(width, height) {
      Object.assign(this, {width, height, content: ''});
    }
    rect(x, y, width, height, fill, alpha = 1) {
      const opacity = alpha < 1 ? ` fill-opacity="${round(alpha)}"` : '';
      this.content += `<rect ${box(x, y, width, height)} fill="${fill}"${opacity}/>\n`;
    }
    frame(x, y, width, height, stroke, line = 1) {
      this.content += `<rect ${box(x, y, width, height)} fill="none" stroke="${stroke}" stroke-width="${line}"/>\n`;
    }
    curve(x1, y1, x2, y2, stroke, line, alpha) {
      const [ax, ay, bx, by, middle] = [x1, y1, x2, y2, (x1 + x2) / 2].map(round);
      this.content += `<path d="M${ax} ${ay}C${middle} ${ay} ${middle} ${by} ${bx} ${by}" fill="none" stroke="${stroke}" ` +
                      `stroke-width="${round(line)}" stroke-opacity="${round(alpha)}"/>\n`;
    }
    text(text, x, y, {anchor = 'start', size = 13, fill = ink('ink'), weight = 400, turn = 0} = {}) {
      const place = turn ? `transform="translate(${round(x)} ${round(y)}) rotate(${turn})"` : `x="${round(x)}" y="${round(y)}"`;
      const bold = weight === 400 ? '' : ` font-weight="${weight}"`;
      this.content += `<text ${place} text-anchor="${anchor}" font-size="${size}" fill="${fill}"${bold}>${escaped(text)}</text>\n`;
    }
    image(image, x, y, width, height) {
      this.content += `<image ${box(x, y, width, height)} preserveAspectRatio="none" style="image-rendering: pixelated" ` +
                      `href="${image.toDataURL()}"/>\n`;
    }
    hatch(x, y, width, height) { this.rect(x, y, width, height, 'url(#gap)'); }
    clip(x, y, width, height, draw) {
      const id = `clip${this.content.length}`;
      this.content += `<clipPath id="${id}"><rect ${box(x, y, width, height)}/></clipPath>\n`;
      this.content += `<g clip-path="url(#${id})">\n`;
      draw();
      this.content += '</g>\n';
    }
    file(description) {
      const gap = '<defs><pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse">' +
                  `<rect width="6" height="6" fill="${ink('gap')}"/><path d="M-1 7L7 -1" stroke="${ink('hatch')}"/></pattern></defs>\n`;
      const [width, height] = [Math.ceil(this.width), Math.ceil(this.height)];
      return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
             `font-family="${escaped(kFont)}">\n<title>${escaped(description)}</title>\n${gap}${this.content}</svg>\n`;
    }
  }

  /// A picture is {width, height, title, paint(surface)}; a heading and a margin are put around it.
  function compose(picture, surface) {
    surface.rect(0, 0, picture.width + 2 * kMargin, picture.height + kMargin + kHeading, ink('card'));
    surface.text(fitted(picture.title, picture.width, 14), kMargin, 30, {size: 14, weight: 600});
    picture.paint(surface, kMargin, kHeading);
  }
  const kMargin = 20, kHeading = 48;

  function svgBlob(picture) {
    const surface = new SvgSurface(picture.width + 2 * kMargin, picture.height + kMargin + kHeading);
    compose(picture, surface);
    return new Blob([surface.file(picture.title)], {type: 'image/svg+xml'});
  }
  function pngBlob(picture) {
    const width = picture.width + 2 * kMargin, height = picture.height + kMargin + kHeading;
    const ratio = Math.max(0.25, Math.min(2, 8192 / width, 8192 / height));  // what every browser's canvas can hold
    const canvas = canvasOf(1, 1);
    compose(picture, new CanvasSurface(canvas, width, height, ratio));
    return new Promise((done) => canvas.toBlob(done, 'image/png'));
  }
  const blobOf = (kind, picture) => (kind === 'svg' ? svgBlob(picture) : pngBlob(picture));

  async function save(kind, picture, name) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await blobOf(kind, picture));
    link.download = `${name}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  /// SVG is copied as text, which every editor takes; PNG as a picture.
  async function copy(kind, picture) {
    if (kind === 'svg') return navigator.clipboard.writeText(await svgBlob(picture).text());
    return navigator.clipboard.write([new ClipboardItem({'image/png': pngBlob(picture)})]);
  }

  return {scheme, dark, ink, colourOf, rampColour, canvasOf, imageOf, widthOf, fitted, CanvasSurface, SvgSurface, blobOf, save, copy};
})();
