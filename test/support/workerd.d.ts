/** The package ships no types; its default export is the path of the binary. */
declare module 'workerd' {
  const path: string
  export default path
}
