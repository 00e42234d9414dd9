// Earlier majors, installed beside the present ones under names of their own. What is used of them has not changed since.

declare module 'express4' {
  export { default } from 'express'
}

declare module 'koa2' {
  export { default } from 'koa'
}
