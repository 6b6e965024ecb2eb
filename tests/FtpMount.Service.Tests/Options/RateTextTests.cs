using FtpMount.Remote.Network;
using FtpMount.Service.Options;

namespace FtpMount.Service.Tests.Options;

public sealed class RateTextTests
{
    private static readonly DateTime Monday = new(2026, 6, 15);

    [Theory]
    [InlineData("1M", 1L << 20, 1L << 20)]
    [InlineData("2M:512K", 2L << 20, 512L << 10)]
    [InlineData("off:1.5k", null, 1536L)]
    [InlineData("1G:OFF", 1L << 30, null)]
    [InlineData("1048576", 1L << 20, 1L << 20)]
    public void Rates_are_for_both_directions_or_each(string text, long? down, long? up)
    {
        var schedule = RateText.Parse(text);
        Assert.Equal(new RateScheduleEntry(down, up), schedule.At(Monday));
        Assert.False(schedule.IsTimed);
    }

    [Theory]
    [InlineData(0, 0, 0, null)]
    [InlineData(0, 5, 59, null)]
    [InlineData(0, 6, 0, 4L)]
    [InlineData(0, 7, 59, 4L)]
    [InlineData(0, 8, 0, 1L)]
    [InlineData(4, 17, 59, 1L)]
    [InlineData(4, 18, 0, 4L)]
    [InlineData(5, 12, 0, 2L)]
    [InlineData(5, 23, 0, 2L)]
    [InlineData(6, 12, 0, 4L)]
    [InlineData(6, 22, 0, null)]
    public void A_timetable_holds_by_day_and_time(int day, int hour, int minute, long? megabytes)
    {
        var schedule = RateText.Parse("mon-fri/08:00-18:00=1M:512K; sat/2M ;22:00-06:00=off;4M");
        Assert.True(schedule.IsTimed);
        Assert.Equal(megabytes << 20, schedule.At(Monday.AddDays(day).AddHours(hour).AddMinutes(minute))!.Download);
    }

    [Fact]
    public void A_night_belongs_to_the_day_on_which_it_begins()
    {
        var schedule = RateText.Parse("fri/20:00-04:00=1M");
        Assert.NotNull(schedule.At(Monday.AddDays(5).AddHours(3)));
        Assert.Null(schedule.At(Monday.AddDays(4).AddHours(3)));
        Assert.Null(schedule.At(Monday.AddDays(5).AddHours(20)));
    }

    [Fact]
    public void Days_may_go_over_the_weekend()
    {
        var schedule = RateText.Parse("fri-mon/1M");
        Assert.Equal([true, false, false, false, true, true, true], Enumerable.Range(0, 7).Select(day => schedule.At(Monday.AddDays(day)) is not null));
    }

    [Fact]
    public void A_day_ends_at_24_00() => Assert.NotNull(RateText.Parse("18:00-24:00=1M").At(Monday.AddHours(23.99)));

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData("0")]
    [InlineData("1023")]
    [InlineData("-1M")]
    [InlineData("1M:")]
    [InlineData("1M:2M:3M")]
    [InlineData("8-18=1M")]
    [InlineData("08:00=1M")]
    [InlineData("08:00-25:00=1M")]
    [InlineData("08:00-18:00-20:00=1M")]
    [InlineData("noday/1M")]
    [InlineData("mon-tue-wed/1M")]
    [InlineData("mon/")]
    public void What_is_no_rate_is_refused(string text) =>
        Assert.Contains("limit-rate=", Assert.Throws<UsageException>(() => RateText.Parse(text)).Message, StringComparison.Ordinal);
}
