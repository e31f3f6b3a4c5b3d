/** The date of an HTTP message. Follows RFC 9110 §5.6.7 (IMF-fixdate). Written here because the simulated world has no `Date`. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(month: number, year: number): number {
  if (month === 1) return isLeap(year) ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** `Mon, 13 May 2013 00:00:00 GMT` of milliseconds since 1970-01-01 00:00:00 UTC (not negative). */
export function httpDate(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const today = Math.floor(seconds / 86_400);
  let day = today;
  let year = 1970;
  for (; day >= (isLeap(year) ? 366 : 365); year++) day -= isLeap(year) ? 366 : 365;
  let month = 0;
  for (; day >= daysIn(month, year); month++) day -= daysIn(month, year);
  const time = seconds % 86_400;
  const clock = `${two(Math.floor(time / 3600))}:${two(Math.floor(time / 60) % 60)}:${two(time % 60)}`;
  // 1970-01-01 was a Thursday.
  return `${DAYS[(today + 4) % 7]!}, ${two(day + 1)} ${MONTHS[month]!} ${year} ${clock} GMT`;
}
