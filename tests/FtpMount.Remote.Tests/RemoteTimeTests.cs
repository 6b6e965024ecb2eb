using CsCheck;

namespace FtpMount.Remote.Tests;

public sealed class RemoteTimeTests
{
    private static readonly TimeSpan[] Precisions = [TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(1)];

    private static RemoteTime Shown(DateTimeOffset time, TimeSpan precision) =>
        new(precision > TimeSpan.Zero ? time.AddTicks(-(time.Ticks % precision.Ticks)) : time, precision);

    [Fact]
    public void One_instant_shown_with_any_two_precisions_is_consistent() =>
        Gen.Select(Gen.Long[0, DateTimeOffset.MaxValue.Ticks], Gen.Int[0, 5], Gen.Int[0, 5]).Sample((ticks, a, b) =>
        {
            var time = new DateTimeOffset(ticks, TimeSpan.Zero);
            return Shown(time, Precisions[a]).IsConsistentWith(Shown(time, Precisions[b]));
        });

    [Theory]
    [InlineData(0, 60, 59, 1, true)]
    [InlineData(0, 60, 60, 1, false)]
    [InlineData(0, 60, -1, 1, false)]
    [InlineData(0, 1, 0, 1, true)]
    [InlineData(0, 1, 1, 1, false)]
    [InlineData(0, 60, 60, 60, false)]
    [InlineData(0, 86400, 86399, 60, true)]
    [InlineData(0, 86400, 86400, 60, false)]
    [InlineData(0, 0, 0, 0, true)]
    [InlineData(0, 0, 1, 0, false)]
    [InlineData(30, 0, 0, 60, true)]
    public void Times_are_consistent_when_their_intervals_meet(int a, int aPrecision, int b, int bPrecision, bool expected)
    {
        var epoch = DateTimeOffset.UnixEpoch;
        var first = new RemoteTime(epoch.AddSeconds(a), TimeSpan.FromSeconds(aPrecision));
        var second = new RemoteTime(epoch.AddSeconds(b), TimeSpan.FromSeconds(bPrecision));
        Assert.Equal(expected, first.IsConsistentWith(second));
        Assert.Equal(expected, second.IsConsistentWith(first));
    }
}
