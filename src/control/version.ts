/** The version of the package, which a Worker cannot read from `package.json`. A test compares them. */
export const VERSION = '0.1.0'
