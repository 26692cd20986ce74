// Draws a chart above each table with data-chart. The table stays for screen readers and without scripts.
'use strict';

const charts = [...document.querySelectorAll('[data-chart]')].map((section) => {
  const table = section.querySelector('table');
  const names = [...table.querySelectorAll('thead th')].map((head) => head.textContent);
  const days = [...table.querySelectorAll('tbody th')].map((day) => Date.parse(`${day.textContent}T00:00:00Z`) / 1000);
  const values = names
    .slice(1)
    .map((_, column) =>
      [...table.querySelectorAll('tbody tr')].map((row) => Number(row.cells[column + 1].dataset.value)),
    );
  const place = document.createElement('div');
  place.className = 'chart';
  place.ariaHidden = 'true';
  section.querySelector('details').before(place);
  section.querySelector('details').open = false;
  return { place, names, data: [days, ...values], drawn: null };
});

function draw(chart) {
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--foreground-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `12px ${colour('--font')}`,
  };
  const strokes = [colour('--info'), colour('--danger')];
  chart.drawn?.destroy();
  chart.drawn = new uPlot(
    {
      width: chart.place.clientWidth,
      height: 240,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
      cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_, least, most) => [0, Math.max(most, 4)] } },
      axes: [
        { ...axis, values: '{YYYY}-{MM}-{DD}', space: 90 },
        {
          ...axis,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
          size: 60,
          values: (_, ticks) => ticks.map((tick) => tick.toLocaleString('en')),
        },
      ],
      series: [
        { label: chart.names[0], value: '{YYYY}-{MM}-{DD}' },
        // Series differ in dash pattern as well as color.
        ...chart.names
          .slice(1)
          .map((label, number) => ({
            label,
            stroke: strokes[number],
            width: 2,
            dash: number === 0 ? [] : [6, 4],
            points: { show: true, size: 6 },
          })),
      ],
    },
    chart.data,
    chart.place,
  );
}

function drawAll() {
  for (const chart of charts) draw(chart);
}

drawAll();
addEventListener('resize', drawAll);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
