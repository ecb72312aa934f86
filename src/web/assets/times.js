// Moments in the clock of whoever reads. Without this they stand in UTC, and say so. A clock that stands under a day which is another one here says its day.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function dayAway(date) {
  const midnight = (one) => new Date(one.getFullYear(), one.getMonth(), one.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
}

const longDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

for (const time of document.querySelectorAll('time[data-time]')) {
  const date = new Date(time.dateTime);
  if (Number.isNaN(date.getTime())) continue;
  const at = clock.format(date);
  const away = dayAway(date);
  const named =
    away === 0 ? `today ${at}` : away === 1 ? `yesterday ${at}` : `${longDay.format(date)}, ${at}`;
  const underItsDay = time.dataset.time === 'clock' && date.getDate() === date.getUTCDate();
  time.textContent = underItsDay ? at : named;
}
