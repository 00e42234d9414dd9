// JSON laid out for people, its numbers and strings left as they came.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
const WIDTH = 80

/** Gives JSON over several lines if it is long, and any other text as it is. */
export function prettyJson(text: string): string {
  if (!isJson(text)) return text
  const tokens = text.match(TOKEN) ?? []
  const short = tokens.join('')
  // Not by way of JSON.parse: it would round numbers that are too long for it.
  return short.length <= WIDTH ? short : laidOut(tokens)
}

/** Tells whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function laidOut(tokens: string[]): string {
  let depth = 0
  let laid = ''
  let before = ''
  for (const token of tokens) {
    const closes = token === '}' || token === ']'
    if (closes) depth--
    // Nothing stands between the two brackets of what is empty.
    const isEmpty = closes && /^[{[]$/.test(before)
    if (!isEmpty && (closes || /^[{[,]$/.test(before))) laid += `\n${'  '.repeat(depth)}`
    laid += token === ':' ? ': ' : token
    if (token === '{' || token === '[') depth++
    before = token
  }
  return laid
}
