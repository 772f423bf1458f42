// Draws the tables of `figure.chart` by uPlot. The table stays the truth: each row has its place on the axis in
// `data-x` (seconds since the epoch), each cell its value in `data-y`, each column its colour's name in `data-series`.

const DAY = 86_400;

const drawn = new WeakMap();

export function drawCharts(root) {
  for (const figure of root.querySelectorAll("figure.chart")) draw(figure);
}

function draw(figure) {
  const table = figure.querySelector("details table");
  const canvas = figure.querySelector(".canvas");
  if (!table || !canvas || typeof uPlot === "undefined") return;
  const { columns, data } = read(table);
  const theme = getComputedStyle(document.documentElement);
  const colour = (name) => theme.getPropertyValue(`--${name}`).trim();
  const signature = JSON.stringify([columns, data, colour("ink"), canvas.clientWidth]);
  if (drawn.get(canvas)?.signature === signature) return;
  const first = drawn.get(canvas);
  if (data[0].length < 2) {
    first?.plot?.destroy();
    drawn.set(canvas, { signature });
    return;
  }
  const plot = first?.plot;
  const same = plot && JSON.stringify(first.columns) === JSON.stringify(columns) && first.ink === colour("ink");
  if (same) {
    plot.setSize({ width: width(canvas), height: plot.height });
    plot.setData(data);
    drawn.set(canvas, { ...first, signature });
    return;
  }
  plot?.destroy();
  const made = new uPlot(options(figure, canvas, columns, colour), data, canvas);
  drawn.set(canvas, { plot: made, columns, ink: colour("ink"), signature });
  if (!canvas.dataset.watched) {
    canvas.dataset.watched = "";
    new ResizeObserver(() => {
      const { plot } = drawn.get(canvas) ?? {};
      if (plot && plot.width !== width(canvas)) plot.setSize({ width: width(canvas), height: plot.height });
    }).observe(figure);
  }
}

const width = (canvas) => Math.max(Math.floor(canvas.parentElement.getBoundingClientRect().width), 240);

function read(table) {
  const heads = [...table.querySelectorAll("thead th")];
  const columns = heads.flatMap((head, index) =>
    head.dataset.series ? [{ index, name: head.textContent.trim(), series: head.dataset.series, unit: head.dataset.unit ?? "" }] : [],
  );
  const rows = [...table.querySelectorAll("tbody tr[data-x]")];
  const xs = rows.map((row) => Number(row.dataset.x));
  const order = xs.map((_, index) => index).sort((a, b) => xs[a] - xs[b]);
  const value = (row, column) => {
    const y = row.cells[column.index]?.dataset.y;
    return y === undefined || y === "" ? null : Number(y);
  };
  return {
    columns,
    data: [order.map((index) => xs[index]), ...columns.map((column) => order.map((index) => value(rows[index], column)))],
  };
}

function options(figure, canvas, columns, colour) {
  const axis = {
    stroke: colour("quiet"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  const byDate = figure.dataset.axis === "date";
  const bars = figure.dataset.form === "bars";
  const units = [...new Set(columns.map((column) => column.unit))];
  const scaleOf = (unit) => `y${units.indexOf(unit)}`;
  // Of two bars the second stands in the first.
  const shape = (column, index) => {
    const bar = bars && column.unit === "";
    return {
      label: column.name,
      scale: scaleOf(column.unit),
      stroke: bar ? undefined : colour(column.series),
      fill: bar ? colour(index ? column.series : "line") : undefined,
      width: bar ? 0 : 1.5,
      dash: !bar && index % 2 ? [5, 3] : undefined,
      spanGaps: true,
      points: { show: !bar && byDate, size: 5, fill: colour(column.series) },
      paths: bar ? uPlot.paths.bars({ size: index ? [0.4, 24] : [0.7, 40], align: 0 }) : undefined,
      value: (_, y) => (y === null || y === undefined ? "–" : `${Number(y.toFixed(1))}${column.unit}`),
    };
  };
  const date = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
  const time = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" };
  const format = new Intl.DateTimeFormat("en-GB", byDate ? date : time);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
  const names = (_, ticks, __, ___, step) => ticks.map((tick) => (step >= DAY ? day : hour).format(tick * 1000));
  const aside = byDate ? DAY / 2 : 0;
  return {
    width: width(canvas),
    height: 200,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: true, range: (_, low, high) => [low - aside, high + aside] },
      ...Object.fromEntries(units.map((unit) => [
        scaleOf(unit),
        { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 0, unit === " %" ? 10 : 1) * 1.08] },
      ])),
    },
    axes: [
      { ...axis, space: 64, grid: { show: false }, values: names, incrs: byDate ? [1, 2, 7, 14, 28, 91, 364].map((days) => days * DAY) : undefined },
      ...units.map((unit, index) => ({
        ...axis,
        scale: scaleOf(unit),
        side: index ? 1 : 3,
        size: 46,
        grid: index ? { show: false } : axis.grid,
        values: (_, ticks) => ticks.map((tick) => `${tick}${unit}`),
      })),
    ],
    series: [{ label: byDate ? "Date" : "Time", value: (_, x) => (x === null ? "–" : format.format(x * 1000)) }, ...columns.map(shape)],
  };
}
