// JSON laid out for people, its numbers and strings left as they came.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
const WIDTH = 80

/** Gives JSON over several lines if it is long, and any other text as it is. */
export function prettyJson(text: string): string {
  if (!isJson(text)) return text
  const tokens = text.match(TOKEN) ?? []
  const short = tokens.join('').replace(/\s+/g, ' ')
  if (short.length <= WIDTH) return tokens.join('')
  // Not by way of JSON.parse: it would round numbers that are too long for it.
  let depth = 0
  let laid = ''
  const line = () => `\n${'  '.repeat(depth)}`
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1] as string
    if (/^[}\]]$/.test(token)) {
      depth--
      laid += /^[{[]$/.test(before) ? token : line() + token
    } else {
      if (/^[{[,]$/.test(before ?? '')) laid += line()
      laid += token === ':' ? ': ' : token
    }
    if (/^[{[]$/.test(token)) depth++
  }
  return laid
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
