export { formatTimeline, renderTimeline, type FormatTimelineOptions } from './report/timeline.js';
