using CsCheck;
using FtpMount.Service.Options;

namespace FtpMount.Service.Tests.Options;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("65536", 65536)]
    [InlineData("1K", 1024)]
    [InlineData("512M", 512L << 20)]
    [InlineData("10G", 10L << 30)]
    [InlineData("2T", 2L << 40)]
    [InlineData("10g", 10L << 30)]
    [InlineData("10GB", 10L << 30)]
    [InlineData("10GiB", 10L << 30)]
    [InlineData("1.5G", 3L << 29)]
    [InlineData("100b", 100)]
    [InlineData(" 1K ", 1024)]
    public void Sizes_are_in_powers_of_1024(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("iB")]
    [InlineData("-1")]
    [InlineData("1X")]
    [InlineData("1KK")]
    [InlineData("1 K K")]
    [InlineData("1,5G")]
    [InlineData("1e3")]
    [InlineData("8388608T")]
    [InlineData("99999999999999999999")]
    public void What_is_no_size_or_too_large_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(10L << 30, "10 GiB")]
    [InlineData((1L << 30) - 1, "1 GiB")]
    [InlineData(long.MaxValue, "8388608 TiB")]
    public void Sizes_are_shown_with_their_unit(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));

    [Fact]
    public void Whole_numbers_come_back() => Gen.Long[0, long.MaxValue].Sample(n => ByteSize.TryParse(n.ToString(), out var parsed) && parsed == n);

    [Fact]
    public void What_is_shown_is_within_a_twentieth() => Gen.Long[0, 1L << 50].Sample(n =>
        ByteSize.TryParse(ByteSize.Format(n).Replace(" ", "", StringComparison.Ordinal), out var shown) && Math.Abs(shown - n) <= n / 20);
}
