using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Tests.Protocol;

/// <summary>How much is in flight, on links of a clock of their own.</summary>
public sealed class BulkWindowTests
{
    private const int Request = 128 * 1024;

    /// <summary>100 Mbit/s and 1 Gbit/s at 100 ms and 20 ms behind OpenSSH's window of 2 MiB, and the same behind one of 24 KiB.</summary>
    [Theory]
    [InlineData(12e6, 100, true)]
    [InlineData(88e6, 20, false)]
    [InlineData(1.2e6, 20, false)]
    public void What_fills_the_link_is_told_from_what_fills_a_window(double bytesPerSecond, int milliseconds, bool fills)
    {
        var clock = new LinkClock();
        var window = new BulkWindow(clock);
        var roundTrip = TimeSpan.FromMilliseconds(milliseconds);
        var inFlight = new Queue<(long Before, long SentAt, TimeSpan Due)>();
        var linkFree = TimeSpan.Zero;
        for (var answered = 0; answered < 400; answered++)
        {
            while (inFlight.Count == 0 || window.HasRoom(Request))
            {
                linkFree = (linkFree > clock.Now ? linkFree : clock.Now) + TimeSpan.FromSeconds(Request / bytesPerSecond);
                inFlight.Enqueue((window.Sent(Request), clock.GetTimestamp(), linkFree + roundTrip));
            }

            var (before, sentAt, due) = inFlight.Dequeue();
            clock.Now = due;
            window.Answered(Request, before, sentAt);
        }

        window.Answered(clock.GetTimestamp() - roundTrip.Ticks);
        Assert.Equal(fills, window.FillsLink);
        Assert.InRange(window.Limit, Math.Min(BulkWindow.Largest, 1.5 * bytesPerSecond * roundTrip.TotalSeconds), BulkWindow.Largest);
    }

    private sealed class LinkClock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
