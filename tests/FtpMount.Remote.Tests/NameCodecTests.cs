using System.Text;
using CsCheck;

namespace FtpMount.Remote.Tests;

public sealed class NameCodecTests
{
    static NameCodecTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static TheoryData<string> Charsets =>
        ["utf-8", "iso-8859-1", "us-ascii", "windows-1252", "iso-8859-15", "koi8-r", "windows-1251", "shift_jis", "euc-jp", "gb2312", "gb18030", "big5", "euc-kr"];

    private static NameCodec Codec(string charset) => new(Encoding.GetEncoding(charset));

    [Theory]
    [MemberData(nameof(Charsets))]
    public void Any_bytes_come_back_as_the_same_bytes(string charset)
    {
        var codec = Codec(charset);
        Gen.Byte.Array[0, 40].Sample(
            bytes =>
            {
                var name = codec.Decode(bytes);
                Assert.True(codec.TryEncode(name, out var back), name);
                Assert.Equal(bytes, back);
            },
            iter: 4_000);
    }

    [Theory]
    [MemberData(nameof(Charsets))]
    public void Every_pair_of_bytes_comes_back(string charset)
    {
        var codec = Codec(charset);
        for (var pair = 0; pair <= 0xFFFF; pair++)
        {
            byte[] bytes = [(byte)(pair >> 8), (byte)pair];
            Assert.True(codec.TryEncode(codec.Decode(bytes), out var back), $"{pair:X4}");
            Assert.True(back.AsSpan().SequenceEqual(bytes), $"{pair:X4}");
        }
    }

    [Theory]
    [MemberData(nameof(Charsets))]
    public void A_string_is_refused_or_comes_back_as_the_same_string(string charset)
    {
        var codec = Codec(charset);
        Gen.Frequency((3, Gen.Char), (2, Gen.Char['\uD7F0', '\uE010']), (2, Gen.Char['\uDC80', '\uDCFF']), (3, Gen.Char['\u0001', '\u00FF']))
            .Array[0, 12]
            .Sample(
                chars =>
                {
                    if (codec.TryEncode(chars, out var bytes))
                        Assert.Equal(new string(chars), codec.Decode(bytes));
                },
                iter: 4_000);
    }

    [Theory]
    [MemberData(nameof(Charsets))]
    public void ASCII_names_are_their_own_bytes(string charset)
    {
        var codec = Codec(charset);
        const string Name = "Hello World-1.2_(3).txt";
        Assert.Equal(Encoding.ASCII.GetBytes(Name), codec.Encode(Name));
        Assert.Equal(Name, codec.Decode(Encoding.ASCII.GetBytes(Name)));
    }

    [Theory]
    [InlineData("utf-8", "Grüße 🐟 漢字")]
    [InlineData("iso-8859-1", "Grüße")]
    [InlineData("windows-1252", "10 € „Grüße“")]
    [InlineData("shift_jis", "日本語ソ表")]
    [InlineData("gb18030", "漢字🐟")]
    public void Text_of_the_charset_is_its_bytes_in_the_charset(string charset, string name)
    {
        var codec = Codec(charset);
        Assert.Equal(Encoding.GetEncoding(charset).GetBytes(name), codec.Encode(name));
        Assert.Equal(name, codec.Decode(codec.Encode(name)));
    }

    [Theory]
    [InlineData("iso-8859-1", "10 €")]
    [InlineData("iso-8859-1", "漢字")]
    [InlineData("windows-1252", "ā")]
    [InlineData("us-ascii", "é")]
    [InlineData("shift_jis", "🐟")]
    public void A_name_that_would_not_come_back_is_refused(string charset, string name)
    {
        var codec = Codec(charset);
        Assert.False(codec.TryEncode(name, out _));
        Assert.Equal(RemoteError.InvalidName, Assert.Throws<RemoteException>(() => codec.Encode(name)).Error);
    }

    [Fact]
    public void Lone_surrogates_that_are_no_escapes_or_spell_a_character_are_refused()
    {
        // The last one is the bytes of é: it would come back as é.
        foreach (var name in new[] { "\uD800", "a\uDC7F", "\uDC41", "\uDC2F", "\uD83D\uDC2Fx\uD83D", "\uDCC3\uDCA9" })
            Assert.False(NameCodec.Utf8.TryEncode(name, out _));
        Assert.False(Codec("iso-8859-1").TryEncode("\uDCE9", out _));
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-32")]
    [InlineData("iso-2022-jp")]
    [InlineData("iso-2022-kr")]
    [InlineData("hz-gb-2312")]
    [InlineData("ibm037")]
    public void A_charset_without_ASCII_is_refused(string charset)
    {
        var encoding = Encoding.GetEncoding(charset);
        Assert.False(NameCodec.IsSupported(encoding));
        Assert.Throws<ArgumentException>(() => new NameCodec(encoding));
    }

    [Fact]
    public void Undecodable_bytes_become_lone_surrogates_as_in_Python()
    {
        Assert.Equal("a\uDCFF\uDCC3b", NameCodec.Utf8.Decode([(byte)'a', 0xFF, 0xC3, (byte)'b']));
        Assert.Equal("\uDCED\uDCA0\uDC80", NameCodec.Utf8.Decode([0xED, 0xA0, 0x80])); // a surrogate in UTF-8
        Assert.Equal("\uDCC0\uDCAF", NameCodec.Utf8.Decode([0xC0, 0xAF])); // an overlong slash
    }

    [Fact]
    public void Two_spellings_of_one_character_stay_two_names()
    {
        // Shift JIS has the Roman numeral I twice: 87 54 (NEC) and FA 4A (IBM).
        var codec = Codec("shift_jis");
        Assert.NotEqual(codec.Decode([0x87, 0x54]), codec.Decode([0xFA, 0x4A]));
    }

    [Fact]
    public void Decoding_into_a_buffer_gives_what_decoding_gives() =>
        Gen.Select(Gen.Byte.Array[0, 60], Gen.Int[0, 2].Select(i => new[] { "utf-8", "iso-8859-1", "shift_jis" }[i])).Sample((bytes, charset) =>
        {
            var codec = Codec(charset);
            var chars = new char[codec.GetMaxCharCount(bytes.Length)];
            return codec.Decode(bytes) == new string(chars, 0, codec.Decode(bytes, chars));
        });

    [Fact]
    public void Valid_UTF8_is_decoded_into_a_buffer_without_allocating()
    {
        var bytes = Encoding.UTF8.GetBytes("Grüße 🐟");
        var chars = new char[NameCodec.Utf8.GetMaxCharCount(bytes.Length)];
        NameCodec.Utf8.Decode(bytes, chars);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            NameCodec.Utf8.Decode(bytes, chars);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
