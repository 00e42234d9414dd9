// Numbers as the page writes them.

const whole = new Intl.NumberFormat('en')
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** @param {number} value */
export const formatCount = (value) => whole.format(value)

/** @param {number} value */
export const formatReading = (value) => oneDigit.format(value)

/** @param {number} value */
export const formatPercent = (value) => `${Math.floor(value * 100)} %`

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 1_000_000) return `${oneDigit.format(bytes / 1_000)} kB`
  return `${oneDigit.format(bytes / 1_000_000)} MB`
}

/** @param {number} ms */
export const formatSeconds = (ms) => `${oneDigit.format(ms / 1_000)} s`
