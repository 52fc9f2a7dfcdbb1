/** Marks a style sheet for editors and for the formatter. */
export const css = String.raw
