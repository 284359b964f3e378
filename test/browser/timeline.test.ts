/** Looks at timelines in Chromium: `npm run test:browser`. What it saw is in `.cache/screenshots`. */
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import axe from 'axe-core';
import type { ExitOutcome } from 'inversify-onexit';
import { renderTimeline } from 'inversify-onexit/report';
import { chromium, type Browser, type Page } from 'playwright-core';

import { ExitReport } from '../../src/disposal/exit-report.js';
import { bundleForBrowsers } from '../support/child.js';

const screenshots = path.resolve(import.meta.dirname, '../../.cache/screenshots');

const outcomes: ExitOutcome[] = ['done', 'failed', 'timed-out', 'not-awaited'];
const services = [
  'Pool',
  'WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW',
  'データベース接続プールデータベース接続プールデータベース接続プール',
  'Repository<Customer> & "Sons"',
  '🎉👩‍👩‍👧🇩🇪',
];
const messages = [
  'MMMM WWWW '.repeat(40),
  'W'.repeat(400),
  '接続プールを閉じることができません。'.repeat(10),
  'first line\nsecond line',
];

/** So that every outcome meets every kind of name. */
function reportOf(count: number): ExitReport {
  const exits = Array.from({ length: count }, (_, index) => {
    const outcome = outcomes[index % outcomes.length] ?? 'done';
    return {
      service: services[index % services.length] ?? '',
      hook: 'close',
      outcome,
      id: index,
      phase: 'exit' as const,
      container: index % 6 < 3 ? 0 : index,
      startTime: index * 100 - 150,
      duration: index % 7 === 0 ? 100 : 0.1,
      ...(outcome === 'failed' && { error: new Error(messages[(index >> 2) % messages.length]) }),
    };
  });
  const reason = 'the example that is used for looking at what a long reason does to the heading';
  return new ExitReport(reason, count * 100, exits);
}

const timelines = {
  none: renderTimeline(reportOf(0)),
  three: renderTimeline(reportOf(3)),
  twenty: renderTimeline(reportOf(20)),
  'three hundred': renderTimeline(reportOf(300)),
};

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.TEST_BROWSER ?? '',
    // Its sandbox does not start for root, as whom CI runs; it opens nothing that is not made here.
    args: ['--no-sandbox'],
  });
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  page = await browser.newPage();
});

afterEach(async () => {
  await page.close();
});

describe.each(Object.entries(timelines))('The timeline of %s', (name, svg) => {
  describe.each(['light', 'dark'] as const)('in a %s scheme', (colorScheme) => {
    test.each([
      ['wide', 1_200],
      ['narrow', 400],
    ])('fits into a %s window, and no text lies on another', async (size, width) => {
      await page.setViewportSize({ width, height: 900 });
      await open(svg, colorScheme);
      await page.screenshot({ path: path.join(screenshots, `${name} ${colorScheme} ${size}.png`) });
      const { texts, bounds } = await boxes();
      expect(bounds.right).toBeLessThanOrEqual(width);
      expect(texts.filter((box) => !isWithin(box, bounds))).toEqual([]);
      expect(texts.flatMap((box, index) => texts.slice(index + 1).filter(overlaps(box)))).toEqual(
        [],
      );
    });

    test('has enough contrast', async () => {
      await open(svg, colorScheme);
      await page.evaluate(axe.source);
      const contrasts = await page.evaluate(() => {
        const { Color, getContrast } = (globalThis as unknown as InThePage).axe.commons.color;
        const fill = (element: Element | null) =>
          new Color().parseString(element === null ? '' : getComputedStyle(element).fill);
        const ground = fill(document.querySelector('.ground'));
        const lowest = (selector: string) =>
          Math.min(
            21,
            ...Array.from(document.querySelectorAll(selector), (element) =>
              getContrast(ground, fill(element)),
            ),
          );
        return { text: lowest('text'), bars: lowest('.bar') };
      });
      expect(contrasts.text).toBeGreaterThanOrEqual(4.5);
      expect(contrasts.bars).toBeGreaterThanOrEqual(3);
    });
  });

  test('has nothing that axe-core finds fault with, within a page', async () => {
    await page.setContent(
      `<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>${svg}</main></html>`,
    );
    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate(() =>
      (globalThis as unknown as InThePage).axe.run(),
    );
    expect(violations).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain('aria-roles');
  });

  test('is an image', async () => {
    await page.setContent(`<img alt="" src="${dataUrl(svg)}">`);
    const width = await page.locator('img').evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      return image.naturalWidth;
    });
    expect(width).toBe(800);
  });
});

describe('The packages in a page', () => {
  test('a container is disposed, and its report drawn', async () => {
    const drawn: unknown = await page.evaluate(await bundleForBrowsers('in-the-page'));
    expect(drawn).toEqual({
      text: expect.stringMatching(
        /^Disposed in [\d.]+ ms \(pagehide\)\n2 exits: 1 done, 1 failed\n.*Cache\.save failed: Error: no <space> left$/s,
      ),
      svg: expect.stringContaining('no &#60;space&#62; left'),
    });
    await open((drawn as { svg: string }).svg, 'light');
    const heard = await page.locator('svg').ariaSnapshot();
    expect(heard.replace(/\d+\.\d/g, '0.0')).toBe(`\
- document "Disposed in 0.0 ms (pagehide)":
  - text: "Disposed in 0.0 ms (pagehide) 2 exits: 1 done, 1 failed"
  - list:
    - 'listitem "Cache.save: failed, 0.0 ms from 0.0 ms on"': Cache.save 0.0 ms
    - 'listitem "Pool.close: done, 0.0 ms from 0.0 ms on"': Pool.close 0.0 ms
  - text: "Cache.save failed: Error: no <space> left"`);
  });
});

/** What axe-core makes of the global object; it does not declare its measuring of colours. */
interface InThePage {
  readonly axe: typeof axe & {
    readonly commons: {
      readonly color: {
        readonly Color: new () => { parseString(colour: string): Colour };
        readonly getContrast: (ground: Colour, text: Colour) => number;
      };
    };
  };
}

interface Colour {
  readonly alpha: number;
}

interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

async function open(svg: string, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.goto(dataUrl(svg));
}

function dataUrl(svg: string): string {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
}

async function boxes(): Promise<{ texts: Box[]; bounds: Box }> {
  return page.evaluate(() => {
    const boxOf = (element: Element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return { text: element.textContent, left, right, top, bottom };
    };
    return {
      texts: Array.from(document.querySelectorAll('text'), boxOf),
      bounds: boxOf(document.documentElement),
    };
  });
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left &&
    inner.right <= outer.right &&
    inner.top >= outer.top &&
    inner.bottom <= outer.bottom
  );
}

/** Up to a pixel, by which the boxes are larger than what is drawn. */
function overlaps(a: Box): (b: Box) => boolean {
  return (b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
}
