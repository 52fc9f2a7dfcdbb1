import { css } from './css.ts'

/** The page's large parts: on a phone one below the other, on a desktop side by side. */
export const page = css`
  .banner {
    padding: 7px 20px;
    background: var(--caution-wash);
    color: var(--caution);
    font-size: 13px;
    text-align: center;
  }

  .masthead,
  .stage {
    max-width: 1320px;
    margin: 0 auto;
    padding: 0 20px;
  }

  .masthead {
    display: grid;
    gap: 18px;
    padding-block: 18px;
  }

  .brand {
    display: flex;
    align-items: center;
    gap: 8px;
    color: var(--accent);
    font-size: 15px;
    font-weight: 700;
    letter-spacing: 0.01em;
  }

  h1 {
    margin-top: 6px;
    font-size: clamp(24px, 3.2vw, 32px);
    font-weight: 700;
    letter-spacing: -0.022em;
    line-height: 1.15;
    text-wrap: balance;
  }

  .lead {
    max-width: 64ch;
    margin-top: 8px;
    color: var(--soft);
  }

  .way {
    display: grid;
    grid-template-columns: 1fr 1fr 1fr;
    align-self: end;
    gap: 22px;
  }

  .way li {
    position: relative;
    padding: 8px 12px;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--surface);
    font-size: 14px;
    line-height: 1.35;
  }

  .way span {
    display: block;
    color: var(--soft);
    font-size: 12.5px;
  }

  .way .gate {
    border-color: var(--accent);
    background: var(--wash);
  }

  .way .gate strong {
    color: var(--accent-strong);
  }

  .way li + li::before {
    content: '→' / '';
    position: absolute;
    top: 50%;
    left: -23px;
    width: 23px;
    color: var(--soft);
    line-height: 0;
    text-align: center;
  }

  .stage {
    display: grid;
    gap: 16px;
    padding-bottom: 28px;
    outline: none;
  }

  .panes {
    display: grid;
    gap: 16px;
  }

  @media (width >= 720px) {
    .panes {
      grid-template-columns: 1fr 1fr;
    }
  }

  @media (width >= 1080px) {
    .masthead {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      gap: 32px;
    }

    .stage {
      grid-template-columns: repeat(4, minmax(0, 1fr)) minmax(0, 2.2fr);
      grid-template-rows: auto 1fr auto;
    }

    .panes {
      grid-column: 1 / 5;
    }

    .knock,
    .terminal {
      grid-column: span 2;
      grid-row: 2;
      align-self: start;
    }

    .inspector {
      grid-column: 5;
      grid-row: 1 / 3;
      align-self: start;
    }
  }

  @media (width < 480px) {
    .masthead,
    .stage {
      padding-inline: 14px;
    }

    .way {
      gap: 16px;
    }

    .way li {
      padding: 7px 8px;
    }

    .way li + li::before {
      left: -17px;
      width: 17px;
    }
  }
`
