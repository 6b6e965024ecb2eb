using FtpMount.Ftp.Listing;
using FtpMount.Remote;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Fuzz;

/// <summary>The corpus itself: what real servers sent is understood, so that damage to it is damage to something that works.</summary>
public sealed class CorpusTests
{
    [Fact]
    public void Every_real_MLSx_line_is_understood() =>
        Assert.All(FuzzCorpus.Load("mlsx"), line => Assert.True(MlsxEntryParser.TryParse(line, NameCodec.Utf8, out _), FuzzCorpus.Escape(line)));

    [Fact]
    public void Every_real_line_of_the_formats_in_hand_is_understood()
    {
        var parser = new ListLineParser(NameCodec.Utf8, new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 17, 0, 0, TimeSpan.Zero)), TimeSpan.Zero);
        var understood = 0;
        foreach (var line in FuzzCorpus.Load("list"))
        {
            var text = FuzzCorpus.Escape(line);
            var isHeadline = text.StartsWith("total", StringComparison.Ordinal) || text.EndsWith(':');
            // STAT shows the path that it was asked for, and ProFTPD puts a space before the line.
            var isStat = text.EndsWith(" /old", StringComparison.Ordinal);
            Assert.True(parser.TryParse(line, out _) != (isHeadline || isStat), text);
            understood++;
        }

        Assert.True(understood > 50);
    }

    [Fact]
    public void Escaping_and_reading_are_inverse() =>
        Assert.Equal(@"a\\b\r\n\x00\xff ü".Replace("ü", @"\xc3\xbc", StringComparison.Ordinal), FuzzCorpus.Escape([(byte)'a', (byte)'\\', (byte)'b', 13, 10, 0, 255, 32, 0xC3, 0xBC]));
}
