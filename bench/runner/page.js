// Pages with figures in them: whatever stands between marks is what the results come to, and is written by the runner.

import { above, digits, figure, isHeld, measured, median, ratio, unitsOf } from './figures.js'
import { tableOf } from './results.js'

/** Those that have figures, from `docs/`. */
export const PAGES = [
  'performance.md',
  'why-sse.md',
  'compression.md',
  'scaling.md',
  'delivery.md',
  '../README.md',
]

/** `<!-- bench: KIND ARGUMENT | ARGUMENT -->...<!-- /bench -->`, as a block or within a sentence; within a table with `;`. */
const MARKED = /(<!-- bench: (\w+)(.*?) -->)[\s\S]*?(<!-- \/bench -->)/g

/** What can stand between marks; each gives a block, or the piece of a sentence. */
const KINDS = {
  machine: (results) => block(machineOf(results)),
  goals: (results) => block(goalsOf(results)),
  table: (results, key) => block(markdown(tableOf(results, key))),
  chart: (_results, name, alt) => block(picture(name, alt)),
  figure: (results, key, row, unit) => digits(figure(tableOf(results, key), row, unit)),
  ratio: (results, key, row, over, unit) => digits(ratio(tableOf(results, key), row, over, unit)),
  above: (results, key, row, over, unit) => digits(above(tableOf(results, key), row, over, unit)),
}

/**
 * Gives the page as the results have it.
 *
 * @param {string} text
 * @param {Record<string, import('./results.js').Result>} results
 */
export const written = (text, results) =>
  text.replace(MARKED, (_all, open, kind, rest, close) => {
    const render = KINDS[kind]
    if (render === undefined) throw new Error(`Expected one of ${Object.keys(KINDS)}, got ${kind}`)
    const [first = '', ...others] = rest
      .split(/[|;]/)
      .map((argument) => argument.trim() || undefined)
    return `${open}${render(results, first, ...others)}${close}`
  })

const block = (text) => `\n\n${text}\n\n`

const row = (cells) => `| ${cells.join(' | ')} |`

/** What a table shows in columns: their names, the unit, and what they say for each row. */
export function columnsOf(table) {
  const [control] = Object.keys(table.rows)
  const columns = []
  for (const unit of unitsOf(table)) {
    columns.push({ name: unit, unit, show: ({ readings }) => shown(readings[unit]) })
    if (Object.keys(table.rows).length < 2 || table.ratios?.includes(unit) === false) continue
    if (table.rows[control][unit] === undefined) continue
    columns.push({
      name: 'ratio',
      unit,
      show: ({ name, readings }) =>
        readings[unit] === undefined ? '' : digits(ratio(table, name, control, unit)),
    })
  }
  return columns
}

/** The median, and the spread where there is one to tell. */
function shown(values) {
  if (values === undefined) return ''
  const text = digits(median(values))
  return values.length === 1
    ? text
    : `${text} (${digits(Math.min(...values))} to ${digits(Math.max(...values))})`
}

function markdown(table) {
  const columns = columnsOf(table)
  return [
    row([table.title, ...columns.map(({ name }) => name)]),
    row(['---', ...columns.map(() => '---:')]),
    ...Object.entries(table.rows).map(([name, readings]) =>
      row([name, ...columns.map(({ show }) => show({ name, readings }))]),
    ),
  ].join('\n')
}

/** Two drawings: which one is shown follows the reader's colours. */
const picture = (name, alt) =>
  [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="charts/${name}-dark.svg">`,
    `  <img src="charts/${name}.svg" alt="${alt}">`,
    '</picture>',
  ].join('\n')

function goalsOf(results) {
  const rows = Object.entries(results).flatMap(([bench, { tables }]) =>
    tables.flatMap((table) =>
      (table.goals ?? []).map((goal) =>
        row([
          goal.work,
          goalText(goal),
          valueText(table, goal),
          isHeld(table, goal) ? 'yes' : 'no',
          bench,
        ]),
      ),
    ),
  )
  return [
    row(['work', 'to hold', 'measured', 'held', 'bench']),
    row(['---', '---', '---', '---', '---']),
    ...rows,
  ].join('\n')
}

function goalText({ over, atMost, faster, atMostAbove, growsAtMost, unit }) {
  if (faster !== undefined) return `at least ${faster} times the speed of ${over}`
  if (atMostAbove !== undefined) {
    return `at most ${atMostAbove.toLocaleString('en-US')} ${unit} above ${over}`
  }
  if (growsAtMost !== undefined) return `grows at most ${growsAtMost} times as much as ${over}`
  return `at most ${atMost} times ${over}`
}

function valueText(table, goal) {
  const value = measured(table, goal)
  // Of a difference every digit counts: rounded, one that is missed could read as held.
  if (goal.atMostAbove !== undefined) return Math.round(value).toLocaleString('en-US')
  return `${digits(value)} times`
}

/** Benches may have run on several days; each machine is named once. */
function machineOf(results) {
  const runs = new Map()
  for (const [bench, { date, machine }] of Object.entries(results)) {
    const text = `${date}, ${machine.cpus}, ${machine.memory}, ${machine.system}, Node.js ${machine.node.slice(1)}, ${machine.openFiles} open files a process; ${machine.versions.join(', ')}`
    runs.set(text, [...(runs.get(text) ?? []), bench])
  }
  return [...runs]
    .map(([text, benches]) => (runs.size === 1 ? `${text}.` : `- ${benches.join(', ')}: ${text}.`))
    .join('\n')
}
