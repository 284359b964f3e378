import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ExitOutcome, ExitRecord } from 'inversify-onexit';
import { formatTimeline, renderTimeline } from 'inversify-onexit/report';

import { ExitReport } from '../../src/disposal/exit-report.js';
import { cellsOf } from '../../src/report/cells.js';

type Details = Partial<Pick<ExitRecord, 'outcome' | 'container' | 'error'>>;

/** `Pool close`, started at a time, for so many ms. */
function exit(
  name: string,
  startTime: number,
  duration: number,
  details: Details = {},
): ExitRecord {
  const [service = '', hook = ''] = name.split(/ (?=\S+$)/);
  const outcome: ExitOutcome = 'error' in details ? 'failed' : 'done';
  return {
    ...{ id: 0, service, hook, phase: 'exit' as const, outcome },
    ...{ container: 0, startTime, duration, ...details },
  };
}

function reportOf(duration: number, exits: readonly ExitRecord[], reason?: unknown): ExitReport {
  return new ExitReport(reason, duration, exits);
}

function failing(error: unknown, name = 'Pool close', reason?: unknown): ExitReport {
  return reportOf(1, [exit(name, 0, 1, { error })], reason);
}

const three = reportOf(
  1_480,
  [
    exit('HttpServer close', 0.2, 310.24),
    exit('Repository flush', 310.5, 0.04),
    exit('Pool close', 310.6, 1_169.4),
  ],
  'SIGTERM',
);

const shards = `2 shards were not written:

  - eu-central-1: no space left on device, and none to be had anywhere near
  - us-east-1: read-only`;

const troubled = reportOf(
  2_310,
  [
    exit('Session close', -40, 60, { container: 1 }),
    exit('Transaction commit', 20, 12.4, { container: 1 }),
    exit('Session close', 33, 0.1, { container: 2 }),
    exit('Transaction commit', 33.2, 8.4, { container: 2, error: new RangeError('not serial') }),
    exit('HttpServer close', 42, 310.2),
    exit('Metrics [Symbol.asyncDispose]', 352, 1_000, { outcome: 'timed-out' }),
    exit('callback flushLogs', 1_352, 0.4),
    exit('Cache save', 1_953, 300.2, { error: new AggregateError([], shards) }),
    exit('Database end', 2_284, 0.2, { outcome: 'not-awaited' }),
  ],
  { type: 'signal', signal: 'SIGTERM' },
);

const wideNames = reportOf(3, [
  exit('データベース接続プール close', 0, 1),
  exit('Cafe\u0301 🎉👩‍👩‍👧🇩🇪 close', 1, 1, {
    error: new Error('接続プールを閉じることができません。もう一度試してください。'),
  }),
  exit('ｶﾀｶﾅ 1\uFE0F\u20E3 close', 2, 1),
]);

const many = reportOf(
  1_834,
  Array.from({ length: 300 }, (_, index) => {
    const start = index < 100 ? index : index + 900;
    return exit(`Service${String(index)} close`, start, index === 99 ? 900 : 1 + index / 1_000);
  }),
);

const small = reportOf(
  20,
  [
    exit('Session close', -2, 6, { container: 1 }),
    exit('Pool<Client> close', 5, 15, { error: new Error('busy & in use') }),
  ],
  'SIGTERM',
);

describe('formatTimeline', () => {
  test('draws each exit with its duration, and a bar to the scale of the whole', () => {
    expect(formatTimeline(three)).toBe(`Disposed in 1.48 s (SIGTERM)
3 exits: all done

                              0                                           1.48 s
  HttpServer.close  310.2 ms  ━━━━━━━━━━╸
  Repository.flush    0.0 ms            ╺
  Pool.close         1.17 s             ╺━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━`);
  });

  test('takes at most the columns it is given', () => {
    expect(formatTimeline(three, { columns: 40 })).toBe(`Disposed in 1.48 s (SIGTERM)
3 exits: all done

                             0    1.48 s
  HttpSer…r.close  310.2 ms  ━━╸
  Reposit…y.flush    0.0 ms    ╺
  Pool.close        1.17 s     ╺━━━━━━━━`);
  });

  test('indents children, marks what was not done, and describes it below', () => {
    expect(formatTimeline(troubled)).toBe(`Disposed in 2.31 s (signal SIGTERM)
9 exits, 4 of them in 2 children (numbered): 5 done, 2 failed, 1 timed out, 1
not awaited

                                          0                               2.31 s
    1 Session.close              60.0 ms  <
      Transaction.commit         12.4 ms  ╺
    2 Session.close               0.1 ms  ╺
✗     Transaction.commit          8.4 ms  ╺
  HttpServer.close              310.2 ms  ╺━━━━━
! Metrics[Symbol.asyncDispose]   1.00 s         ━━━━━━━━━━━━━━━━
  callback flushLogs              0.4 ms                        ╸
✗ Cache.save                    300.2 ms                                  ━━━━━
? Database.end                    0.2 ms                                       ╺

✗ Transaction.commit (child 2) failed: RangeError: not serial
! Metrics[Symbol.asyncDispose] timed out after 1.00 s
✗ Cache.save failed: AggregateError: 2 shards were not written:
  - eu-central-1: no space left on device, and none to be had anywhere near
  - us-east-1: read-only
? Database.end was not awaited`);
  });

  test('shortens long names in the middle, and breaks messages between words', () => {
    expect(formatTimeline(troubled, { columns: 44 })).toBe(`Disposed in 2.31 s (signal SIGTERM)
9 exits, 4 of them in 2 children (numbered):
5 done, 2 failed, 1 timed out, 1 not awaited

                                0     2.31 s
    1 Session.close    60.0 ms  <
      Transac…commit   12.4 ms  ╸
    2 Session.close     0.1 ms  ╸
✗     Transac…commit    8.4 ms  ╸
  HttpServer.close    310.2 ms  ━━
! Metrics[S…Dispose]   1.00 s     ━━━━━
  callback flushLogs    0.4 ms         ╸
✗ Cache.save          300.2 ms            ━╸
? Database.end          0.2 ms             ╺

✗ Transaction.commit (child 2) failed:
    RangeError: not serial
! Metrics[Symbol.asyncDispose] timed out
    after 1.00 s
✗ Cache.save failed: AggregateError: 2
    shards were not written:
  - eu-central-1: no space left on device,
    and none to be had anywhere near
  - us-east-1: read-only
? Database.end was not awaited`);
  });

  test('aligns what is wide, and breaks it between characters', () => {
    expect(formatTimeline(wideNames, { columns: 48 })).toBe(`Disposed in 3.0 ms
3 exits: 2 done, 1 failed

                                 0        3.0 ms
  データベー…ール.close  1.0 ms  ━━━━━
✗ Cafe\u0301 🎉👩‍👩‍👧🇩🇪.close      1.0 ms       ━━━━━
  ｶﾀｶﾅ 1\uFE0F\u20E3.close          1.0 ms            ━━━━━

✗ Cafe\u0301 🎉👩‍👩‍👧🇩🇪.close failed: Error:
    接続プールを閉じることができません。もう一度
    試してください。`);
  });

  test('draws 300 exits, and names the slowest above', () => {
    const lines = formatTimeline(many).split('\n');
    expect(lines).toHaveLength(306);
    expect(lines.slice(0, 6).join('\n')).toBe(`Disposed in 1.83 s
300 exits: all done
Slowest: Service99.close 900.0 ms, Service299.close 1.3 ms, Service298.close
1.3 ms

                              0                                           1.83 s`);
    expect(lines.slice(102, 107).join('\n')).toBe(`  Service96.close     1.1 ms    ╺
  Service97.close     1.1 ms    ╺
  Service98.close     1.1 ms    ╺
  Service99.close   900.0 ms    ╺━━━━━━━━━━━━━━━━━━━━━━━━
  Service100.close    1.1 ms                             ╺`);
    expect(lines.at(-1)).toBe('  Service299.close    1.3 ms                                  ╺');
  });

  test('takes no more columns than it is given, whatever it is given', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 60 });
    const time = fc.double({ min: 0, max: 1e9, noNaN: true });
    const record = fc
      .tuple(anything, time, time, fc.nat(500), fc.option(anything, { nil: undefined }))
      .map(([name, start, duration, container, error]) =>
        exit(`${name} hook`, start - 1e3, duration, { container, ...(error && { error }) }),
      );
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 30 }),
        time,
        fc.integer({ min: 40, max: 200 }),
        (exits, duration, columns) => {
          const text = formatTimeline(reportOf(duration, exits), { columns });
          expect(Math.max(...text.split('\n').map(cellsOf))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test('says it when there was nothing to exit', () => {
    expect(formatTimeline(reportOf(0.04, [], 'the end'))).toBe(
      'Disposed in 0.0 ms (the end): there was nothing to exit.',
    );
  });

  test.each([three, troubled, wideNames, failing(undefined), failing(new Error('one\ntwo'))])(
    'draws the same of what JSON has kept (%#)',
    (report) => {
      const kept = JSON.parse(JSON.stringify(report)) as ExitReport;
      expect(formatTimeline(kept)).toBe(formatTimeline(report));
      expect(renderTimeline(kept)).toBe(renderTimeline(report));
    },
  );

  test('draws ticks where a clock stood still', () => {
    expect(formatTimeline(reportOf(0, [exit('Pool close', 0, 0)]), { columns: 40 })).toBe(
      `Disposed in 0.0 ms
1 exit: all done

                      0           0.0 ms
  Pool.close  0.0 ms  ╸`,
    );
  });

  test.each([
    ['SIGTERM', ' (SIGTERM)'],
    [undefined, ''],
    [null, ' (null)'],
    [{ type: 'exit', code: 3 }, ' (exit 3)'],
    [{ type: 'end' }, ' (end)'],
    [{ type: 'fatal', error: new TypeError('x is\nnot') }, ' (fatal TypeError: x is)'],
    [new Error(''), ' (Error)'],
    [Symbol('why'), ' (Symbol(why))'],
  ])('prints the reason: %p', (reason, shown) => {
    expect(formatTimeline(reportOf(1, [], reason))).toBe(
      `Disposed in 1.0 ms${shown}: there was nothing to exit.`,
    );
  });

  test.each([
    ['text', 'text'],
    [undefined, 'undefined'],
    [{ message: 'without a name' }, 'without a name'],
    ['\u001B[31mred\u001B[39m, \u0007rung\tand \u202Eturned', 'red, \uFFFDrung and \uFFFDturned'],
    ['x'.repeat(1_001), `${'x'.repeat(999)}…`],
    [Proxy.revocable({}, {}), '[object Object]'],
    [revoked(), 'a value that cannot be printed'],
  ])('prints what was thrown: %#', (thrown, shown) => {
    const note = formatTimeline(failing(thrown), { columns: 2_000 }).split('\n\n')[2];
    expect(note).toBe(`✗ Pool.close failed: ${shown}`);
  });

  test('leaves the columns alone whatever is in a name', () => {
    const name = 'two\nlines \u001B[1mbold\u001B[0m \uD800 \u200B close';
    expect(formatTimeline(reportOf(1, [exit(name, 0, 1)]), { columns: 60 }))
      .toBe(`Disposed in 1.0 ms
1 exit: all done

                                   0                  1.0 ms
  two lines bold \uFFFD \u200B.close  1.0 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━`);
  });

  test.each([
    [39, RangeError, '39 (number)'],
    [80.5, RangeError, '80.5 (number)'],
    [Infinity, RangeError, 'Infinity (number)'],
    ['80', TypeError, '80 (string)'],
    [null, TypeError, 'null (object)'],
  ])('refuses %p for columns', (columns, Misuse, shown) => {
    const options = { columns } as { columns: number };
    expect(() => formatTimeline(three, options)).toThrow(
      new Misuse(
        `columns must be a whole number, at least 40, and ${shown} is not. Leave it out for 80.`,
      ),
    );
  });

  test('says what to pass instead of a promise or an error', () => {
    const promise = Promise.resolve(three) as unknown as ExitReport;
    expect(() => formatTimeline(promise)).toThrow(
      new TypeError(
        'formatTimeline() draws an ExitReport: what `await container.dispose()` resolves to, or ' +
          'the `report` of a DisposeError. It was given [object Promise].',
      ),
    );
    expect(() => renderTimeline(null as unknown as ExitReport)).toThrow('It was given null.');
    expect(() => renderTimeline(reportOf(NaN, []))).toThrow('renderTimeline() draws');
  });
});

describe('renderTimeline', () => {
  test('draws an SVG that needs nothing else', () => {
    expect(withoutStyle(renderTimeline(small)))
      .toBe(`<svg xmlns="http://www.w3.org/2000/svg" class="exit-timeline" role="graphics-document document" lang="en" width="800" height="207" viewBox="0 0 800 207">
<title>Disposed in 20.0 ms (SIGTERM)</title>
<desc>2 exits, 1 of them in 1 child (numbered): 1 done, 1 failed. The exits are listed in the order in which they were started.</desc>
<style/>
<rect class="ground" width="100%" height="100%" rx="6"/>
<text class="title" x="24" y="38">Disposed in 20.0 ms (SIGTERM)</text>
<text class="summary muted" x="24" y="60">2 exits, 1 of them in 1 child (numbered): 1 done, 1 failed</text>
<path class="grid" d="M272 101V149"/>
<text class="tick muted" aria-hidden="true" x="272" y="95">0</text>
<path class="grid" d="M394.13 101V149"/>
<text class="tick muted" aria-hidden="true" x="394.13" y="95">5 ms</text>
<path class="grid" d="M516.25 101V149"/>
<text class="tick muted" aria-hidden="true" x="516.25" y="95">10 ms</text>
<path class="grid" d="M638.38 101V149"/>
<text class="tick muted" aria-hidden="true" x="638.38" y="95">15 ms</text>
<path class="grid" d="M760.5 101V149"/>
<text class="tick muted" aria-hidden="true" x="760.5" y="95">20 ms</text>
<g role="list">
<g class="done" role="listitem"><title>Session.close (child 1): done, 6.0 ms from -2.0 ms on</title><rect class="row" x="0" y="105" width="800" height="22"/><text class="child muted" x="62.75" y="120">1</text><text class="label" x="70.5" y="120">Session.close</text><text class="duration muted" x="248.75" y="120">6.0 ms</text><rect class="bar" x="272" y="111" width="97.7" height="10" rx="1"/><path class="bar" d="M270 111v10l-6 -5z"/></g>
<g class="failed" role="listitem"><title>Pool&#60;Client&#62;.close: failed, 15.0 ms from 5.0 ms on</title><rect class="row" x="0" y="127" width="800" height="22"/><text class="mark" aria-hidden="true" x="24" y="142">✗</text><text class="label" x="39.5" y="142">Pool&#60;Client&#62;.close</text><text class="duration muted" x="248.75" y="142">15.0 ms</text><rect class="bar" x="394.13" y="133" width="366.38" height="10" rx="1"/></g>
</g>
<g class="failed">
<text class="mark" aria-hidden="true" x="24" y="181">✗</text>
<text class="label" x="39.5" y="181">Pool&#60;Client&#62;.close failed: Error: busy &#38; in use</text>
</g>
</svg>
`);
  });

  test('says what the text says', () => {
    const words = (text: string): string => text.trim().replace(/\s+/g, ' ');
    const said = words(textsIn(renderTimeline(troubled)).join(' '));
    const axis = 3;
    const lines = formatTimeline(troubled, { columns: 120 }).split('\n');
    for (const line of lines.filter((_, index) => index !== axis)) {
      expect(said).toContain(words(line.replace(/[━╺╸<].*/, '')));
    }
  });

  test('names the slowest of many', () => {
    expect(textsIn(renderTimeline(many)).slice(0, 4)).toEqual([
      'Disposed in 1.83 s',
      '300 exits: all done',
      'Slowest: Service99.close 900.0 ms, Service299.close 1.3 ms, Service298.close 1.3 ms',
      '0',
    ]);
  });

  test('says it when there was nothing to exit', () => {
    const svg = renderTimeline(reportOf(0.3, []));
    expect(textsIn(svg)).toEqual(['Disposed in 0.3 ms: there was nothing to exit.']);
    expect(svg).not.toContain('<desc>');
  });

  test.each([
    [0, ['0']],
    [0.4, ['0', '0.1 ms', '0.2 ms', '0.3 ms', '0.4 ms']],
    [5, ['0', '1 ms', '2 ms', '3 ms', '4 ms', '5 ms']],
    [120, ['0', '50 ms', '100 ms']],
    [999, ['0', '200 ms', '400 ms', '600 ms', '800 ms']],
    [2_310, ['0', '0.5 s', '1 s', '1.5 s', '2 s']],
    [30_000, ['0', '10 s', '20 s', '30 s']],
    [90_000, ['0', '20 s', '40 s', '60 s', '80 s']],
  ])('has round times on its axis: %p ms', (duration, labels) => {
    const svg = renderTimeline(reportOf(duration, [exit('Pool close', 0, duration)]));
    expect([...svg.matchAll(/class="tick[^>]*>([^<]*)/g)].map(([, label]) => label)).toEqual(
      labels,
    );
  });

  test('escapes what is markup in names, messages and reasons', () => {
    const markup = `</text><script>alert("1 & 2")</script>'`;
    const svg = renderTimeline(failing(markup, `${markup} close`, markup));
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&#60;script&#62;alert(&#34;1 &#38; 2&#34;)&#60;/script&#62;&#39;');
  });

  test('has no character that XML does not know', () => {
    const svg = renderTimeline(failing('\u0000\u0008\uFFFE\uFFFF\uD800', 'a\u0001\uDC00 close'));
    expect(svg).toContain('a\uFFFD\uFFFD.close failed: \uFFFD\uFFFD\uFFFD\uFFFD\uFFFD');
    expect(svg).not.toMatch(/[^\P{C}\n]/u);
  });

  test('runs nothing, and refers to nothing', () => {
    const svg = renderTimeline(troubled).replace('xmlns="http://www.w3.org/2000/svg"', '');
    expect(svg).not.toMatch(/script|href|url\(|@import|http|\bon\w+=|\bid=/);
  });
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function withoutStyle(svg: string): string {
  return svg.replace(/<style>.*<\/style>/s, '<style/>');
}

function textsIn(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text = '']) => text);
}
