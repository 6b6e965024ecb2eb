using FtpMount.Ftp.Session;

namespace FtpMount.Ftp.Tests.Session;

public sealed class CompressionGainTests
{
    private const long Content = 8_000_000;

    private readonly MovedTime _time = new();
    private readonly CompressionGain _gain;

    public CompressionGainTests() => _gain = new CompressionGain(_time);

    [Fact]
    public void Nothing_is_compressed_before_the_line_was_measured()
    {
        Assert.False(_gain.IsWorthwhile);
        _gain.Note(CompressionGain.LeastMeasured - 1, null, TimeSpan.FromSeconds(100));
        Assert.False(_gain.IsWorthwhile);
    }

    [Theory]
    [InlineData(1.9, false)]
    [InlineData(2.1, true)]
    public void A_slow_line_gains(double seconds, bool gains)
    {
        _gain.Note(Content, null, TimeSpan.FromSeconds(seconds));
        Assert.Equal(gains, _gain.IsWorthwhile);
    }

    [Fact]
    public void A_line_that_has_become_faster_gains_no_more()
    {
        _gain.Note(Content, null, TimeSpan.FromSeconds(8));
        _gain.Note(Content, Content / 2, TimeSpan.FromSeconds(4));
        Assert.True(_gain.IsWorthwhile);
        _gain.Note(Content, Content / 2, TimeSpan.FromSeconds(0.9));
        Assert.False(_gain.IsWorthwhile);
    }

    [Fact]
    public void What_comes_no_faster_compressed_is_left_alone_for_ten_minutes()
    {
        _gain.Note(Content, null, TimeSpan.FromSeconds(8));
        _gain.Note(Content, Content / 2, TimeSpan.FromSeconds(9));
        Assert.False(_gain.IsWorthwhile);
        _time.Now += TimeSpan.FromMinutes(9.9);
        Assert.False(_gain.IsWorthwhile);
        _time.Now += TimeSpan.FromMinutes(0.1);
        Assert.True(_gain.IsWorthwhile);
    }

    [Theory]
    [InlineData("photo.JPG", true)]
    [InlineData("a.tar.gz", true)]
    [InlineData("notes.txt", false)]
    [InlineData("zip", false)]
    [InlineData(".zip", true)]
    public void Compressed_content_is_known_by_the_extension(string name, bool compressed) => Assert.Equal(compressed, CompressionChoice.IsCompressed(name));

    private sealed class MovedTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
