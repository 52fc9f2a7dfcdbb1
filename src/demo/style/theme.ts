import { css } from './css.ts'

/** Limestone and verdigris. Text keeps a contrast of 4.5 to 1 on every ground it stands on. */
export const theme = css`
  :root {
    color-scheme: light dark;
    --ground: light-dark(#f3f0e8, #111416);
    --surface: light-dark(#fffefb, #191d1f);
    --sunken: light-dark(#f5f2eb, #131719);
    --line: light-dark(#ddd6c6, #2e3437);
    --edge: light-dark(#8a8474, #6f787c);
    --ink: light-dark(#1d2220, #ebe7de);
    --soft: light-dark(#595d55, #a7aba4);
    --accent: light-dark(#0c6051, #74d2bc);
    --accent-strong: light-dark(#084a3e, #93e0cd);
    --on-accent: light-dark(#ffffff, #08231d);
    --wash: light-dark(#e1efe9, #16312b);
    --alarm: light-dark(#a13019, #f5a189);
    --alarm-wash: light-dark(#fbeae4, #351d17);
    --caution: light-dark(#5f4300, #f0d08c);
    --caution-wash: light-dark(#fbefcb, #2e260f);
    --json-member: light-dark(#0c6051, #74d2bc);
    --json-string: light-dark(#7a3e00, #e9bd8a);
    --json-literal: light-dark(#5b3a94, #c7b3f2);
    --radius: 12px;
    --sans:
      -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif;
    --mono: ui-monospace, 'SF Mono', Menlo, 'Cascadia Mono', Consolas, 'Liberation Mono', monospace;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  [hidden] {
    display: none !important;
  }

  body {
    margin: 0;
    background: var(--ground);
    color: var(--ink);
    font: 15px/1.5 var(--sans);
    -webkit-text-size-adjust: 100%;
  }

  h1,
  h2,
  h3,
  p,
  ol,
  pre,
  fieldset {
    margin: 0;
    padding: 0;
  }

  ol {
    list-style: none;
  }

  code,
  pre {
    font-family: var(--mono);
    font-size: 0.9em;
  }

  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }

  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .skip {
    position: absolute;
    inset: 8px auto auto 8px;
    z-index: 1;
    padding: 8px 14px;
    border-radius: 8px;
    background: var(--accent);
    color: var(--on-accent);
  }

  .skip:not(:focus) {
    transform: translateY(-200%);
  }

  @media (prefers-reduced-motion: no-preference) {
    button,
    .status::before {
      transition:
        background-color 120ms,
        border-color 120ms;
    }
  }
`
