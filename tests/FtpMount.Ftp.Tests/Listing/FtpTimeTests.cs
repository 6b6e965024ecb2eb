using System.Text;
using CsCheck;
using FtpMount.Ftp.Listing;

namespace FtpMount.Ftp.Tests.Listing;

public sealed class FtpTimeTests
{
    [Theory]
    [InlineData("20240229235959", 10_000_000, "2024-02-29T23:59:59.0000000")]
    [InlineData("20240229235959.5", 1_000_000, "2024-02-29T23:59:59.5000000")]
    [InlineData("20240229235959.123456789", 1, "2024-02-29T23:59:59.1234567")]
    [InlineData("20161231235960", 10_000_000, "2017-01-01T00:00:00.0000000")]
    [InlineData("00010101000000", 10_000_000, "0001-01-01T00:00:00.0000000")]
    public void Times_are_read_with_their_precision(string text, long precision, string expected)
    {
        Assert.True(FtpTime.TryParse(Encoding.ASCII.GetBytes(text), out var time));
        Assert.Equal(expected, time.Value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", null));
        Assert.Equal(precision, time.Precision.Ticks);
        Assert.Equal(TimeSpan.Zero, time.Value.Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2024022923595")]
    [InlineData("202402292359591")]
    [InlineData("20230229000000")]
    [InlineData("20241301000000")]
    [InlineData("20240100000000")]
    [InlineData("20240101240000")]
    [InlineData("20240101006000")]
    [InlineData("20240101000061")]
    [InlineData("00000101000000")]
    [InlineData("99991231235960")]
    [InlineData("2024010100000 ")]
    [InlineData("20240101000000.")]
    [InlineData("20240101000000.x")]
    [InlineData("20240101000000,5")]
    [InlineData("+2024010100000")]
    public void What_is_no_time_is_refused(string text) => Assert.False(FtpTime.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Every_second_survives_formatting_and_parsing() =>
        Gen.Long[0, (DateTimeOffset.MaxValue.Ticks / TimeSpan.TicksPerSecond) - 1].Sample(seconds =>
        {
            var time = new DateTimeOffset(seconds * TimeSpan.TicksPerSecond, TimeSpan.Zero);
            return FtpTime.TryParse(Encoding.ASCII.GetBytes(FtpTime.Format(time)), out var parsed) && parsed.Value == time;
        });

    [Fact]
    public void A_time_in_another_zone_is_formatted_in_UTC() =>
        Assert.Equal("20240101000000", FtpTime.Format(new DateTimeOffset(2024, 1, 1, 5, 30, 0, 999, TimeSpan.FromMinutes(330))));
}
