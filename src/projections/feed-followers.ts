import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createWakeUp } from '../async/wake-up.ts';
import type { Log } from '../postgres/log.ts';
import type { ProjectedWaiter } from './projected.ts';
import { type FeedActivityRow, readFeedActivity } from './queries/feed-activity.ts';

/** Wakes those who follow the event feed of an organization when it has something new. */
export type FeedFollowers = {
  readonly follow: (organizationId: string) => FeedFollower;
  /** Ends every wait and the reader. */
  readonly stop: () => Promise<void>;
};

/** Waits for news of one feed. */
export type FeedFollower = {
  /**
   * Returns a number that grows with every news of the feed. Call it before reading the feed, and pass it to `news`. Two
   * followers of one organization with equal numbers have missed the same.
   */
  readonly mark: () => number;
  /** Resolves when there was news after `mark`, after `timeoutMs`, when the signal is aborted, or on `stop`. */
  readonly news: (mark: number, options: { timeoutMs: number; signal: AbortSignal }) => Promise<void>;
  /** Aborts on `stop`. There is no news afterwards. */
  readonly stopped: AbortSignal;
  /** Ends the following. */
  readonly close: () => void;
};

type Options = {
  /** A pool of the role ledger_api, with a connection that the reader gets at once. */
  readonly pool: Pool;
  readonly projected: Pick<ProjectedWaiter, 'heard' | 'hear'>;
  readonly log: Log;
};

/**
 * Creates the one reader of this process that follows the projected events while somebody follows a feed. It wakes the
 * followers of the organizations that got events or whose parked events were repaired. It wakes all followers at its
 * start, after a switch of versions, when the position went back, and when too much happened at once. A follower that
 * reads after each wake misses nothing. A lost connection delays news and loses none, because the reader goes on from
 * its position.
 */
export const createFeedFollowers = ({ pool, projected, log }: Options): FeedFollowers => {
  const feeds = createFeeds();
  const stopping = new AbortController();
  const { signal } = stopping;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    let known: FeedActivityRow | null = null;
    let isLost = false;
    while (feeds.areFollowed() && !signal.aborted) {
      const heard = projected.heard();
      const startedAt = performance.now();
      try {
        const next = await readFeedActivity(pool, known?.reached ?? null);
        wakeFollowers(feeds, known, next);
        known = next;
        isLost = false;
        await projected.hear(heard, { timeoutMs: readAgainMs, signal });
      } catch (error) {
        if (!isLost && !signal.aborted)
          log.warn({ err: error }, 'The reader that wakes event streams could not read. It tries again.');
        isLost = true;
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
      const pauseMs = startedAt + gapMs - performance.now();
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    reading = null;
  };

  return {
    follow: (organizationId) => {
      const follower = feeds.follow(organizationId, signal);
      reading ??= read();
      return follower;
    },
    stop: async () => {
      stopping.abort();
      feeds.wakeAll();
      await reading;
    },
  };
};

/** Followers for tools, which read no feed. Nothing is ever new. */
export const noFollowers: FeedFollowers = {
  follow: () => ({ mark: () => 0, news: async () => undefined, stopped: AbortSignal.abort(), close: () => undefined }),
  stop: async () => undefined,
};

const wakeFollowers = (feeds: Feeds, known: FeedActivityRow | null, next: FeedActivityRow): void => {
  if (known === null || isElsewhere(known, next) || next.isCut) {
    feeds.wakeAll();
    return;
  }
  for (const organizationId of next.organizations) feeds.wake(organizationId);
  for (const [organizationId, place] of known.parked)
    if (next.parked.get(organizationId) !== place) feeds.wake(organizationId);
};

/** Returns true when the events after the known position are not all the news. */
const isElsewhere = (known: FeedActivityRow, { version, reached }: FeedActivityRow): boolean =>
  version !== known.version || reached === null || known.reached === null || reached < known.reached;

type Feed = { followers: number; mark: number; readonly wakers: Set<() => void> };
type Feeds = ReturnType<typeof createFeeds>;

/** The feeds that are followed. A mark is never used twice, also when a feed is followed again later. */
const createFeeds = () => {
  const feeds = new Map<string, Feed>();
  let lastMark = 0;
  const wake = (feed: Feed | undefined): void => {
    if (feed === undefined) return;
    lastMark += 1;
    feed.mark = lastMark;
    for (const waker of feed.wakers) waker();
  };
  const feedOf = (organizationId: string): Feed => {
    lastMark += 1;
    const feed = feeds.get(organizationId) ?? { followers: 0, mark: lastMark, wakers: new Set() };
    feeds.set(organizationId, feed);
    return feed;
  };

  return {
    areFollowed: () => feeds.size > 0,
    wake: (organizationId: string) => wake(feeds.get(organizationId)),
    wakeAll: () => feeds.forEach(wake),
    follow: (organizationId: string, stopped: AbortSignal): FeedFollower => {
      const feed = feedOf(organizationId);
      feed.followers += 1;
      let isOpen = true;
      return {
        mark: () => feed.mark,
        news: (mark, options) => waitForNews(feed, mark, options, stopped),
        stopped,
        close: () => {
          if (!isOpen) return;
          isOpen = false;
          feed.followers -= 1;
          if (feed.followers === 0) feeds.delete(organizationId);
        },
      };
    },
  };
};

const waitForNews = async (
  feed: Feed,
  mark: number,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  stopped: AbortSignal,
): Promise<void> => {
  if (feed.mark > mark || signal.aborted || stopped.aborted) return;
  const { wake, wait } = createWakeUp();
  feed.wakers.add(wake);
  signal.addEventListener('abort', wake);
  await wait(timeoutMs);
  signal.removeEventListener('abort', wake);
  feed.wakers.delete(wake);
};

// The least time between two reads, however many commits there are.
const gapMs = 20;
// A notice of the projector may be lost with its connection.
const readAgainMs = 1_000;
const retryMs = 200;
