// Express 4, installed beside 5 under a name of its own. What is used of it has not changed between the two.

declare module 'express4' {
  export { default } from 'express'
}
