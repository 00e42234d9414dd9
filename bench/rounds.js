// Interleaved rounds: what the machine does meanwhile befalls all rows alike.

/**
 * Measures each of `rows` once a round and gives their medians, their spread, and their ratio to the first.
 *
 * @param {Record<string, () => number | Promise<number>>} rows - each gives one reading
 * @param {{ rounds: number, unit: string }} options
 */
export async function compare(rows, { rounds, unit }) {
  const readings = Object.fromEntries(Object.keys(rows).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`\rround ${round + 1} of ${rounds}`)
    for (const [name, measure] of Object.entries(rows)) readings[name].push(await measure())
  }
  process.stderr.write('\r\x1b[K')
  const [control] = Object.keys(rows)
  return Object.fromEntries(
    Object.entries(readings).map(([name, values]) => {
      const ratios = values.map((value, round) => value / readings[control][round])
      return [
        name,
        {
          [unit]: digits(median(values)),
          spread: `${digits(Math.min(...values))} - ${digits(Math.max(...values))}`,
          ratio: digits(median(ratios)),
        },
      ]
    }),
  )
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

export const digits = (value) => Number(value.toPrecision(3))
