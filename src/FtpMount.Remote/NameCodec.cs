using System.Buffers;
using System.Text;

namespace FtpMount.Remote;

/// <summary>
/// Turns the bytes of a name into a string and back without loss, for any charset and any bytes. Bytes that the charset cannot
/// decode become lone low surrogates U+DC80..U+DCFF (as Python's <c>surrogateescape</c>, PEP 383) and turn into the same
/// bytes again. A string that would not come back from the server as the same string is refused, so that no two names of the mount
/// ever become one name on the server.
/// </summary>
public sealed class NameCodec
{
    /// <summary>Refuses what it has no bytes for.</summary>
    private readonly Encoding _encoding;

    /// <summary>Replaces what it has no text or bytes for: for telling without exceptions whether bytes come back.</summary>
    private readonly Encoding _lenient;
    private readonly bool _isUtf8;

    /// <summary>Creates a codec for a charset.</summary>
    /// <param name="encoding">The charset, for example UTF-8 or ISO-8859-1. Its fallbacks are replaced.</param>
    /// <exception cref="ArgumentException">The charset cannot be that of file names: see <see cref="IsSupported"/>.</exception>
    public NameCodec(Encoding encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        if (!IsSupported(encoding))
            throw new ArgumentException($"The charset {encoding.WebName} does not contain ASCII, so file names cannot be written in it.", nameof(encoding));
        _isUtf8 = encoding.CodePage == Encoding.UTF8.CodePage;
        _encoding = WithFallbacks(encoding, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        _lenient = WithFallbacks(encoding, new EncoderReplacementFallback("?"), new DecoderReplacementFallback("\uFFFD"));
    }

    /// <summary>The codec of the kernel and of most servers.</summary>
    public static NameCodec Utf8 { get; } = new(Encoding.UTF8);

    /// <summary>Whether the charset is UTF-8.</summary>
    public bool IsUtf8 => _isUtf8;

    /// <summary>The charset's IANA name.</summary>
    public string CharsetName => _encoding.WebName;

    /// <summary>
    /// Whether file names can be in this charset: the bytes below 0x80 must be ASCII. They are not in UTF-16, UTF-7, EBCDIC and the
    /// ISO 2022 family, where a <c>/</c> may be half of a character.
    /// </summary>
    public static bool IsSupported(Encoding encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        Span<byte> ascii = stackalloc byte[0x80];
        for (var i = 0; i < ascii.Length; i++)
            ascii[i] = (byte)i;
        var text = encoding.GetString(ascii);
        return text == Encoding.ASCII.GetString(ascii) && ascii.SequenceEqual(encoding.GetBytes(text));
    }

    /// <summary>The string for these bytes. Never fails.</summary>
    public string Decode(ReadOnlySpan<byte> bytes)
    {
        if (_isUtf8 && System.Text.Unicode.Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        var chars = ArrayPool<char>.Shared.Rent(GetMaxCharCount(bytes.Length));
        var result = new string(chars, 0, Decode(bytes, chars));
        ArrayPool<char>.Shared.Return(chars);
        return result;
    }

    /// <summary>The most chars that <paramref name="byteCount"/> bytes can become.</summary>
    public int GetMaxCharCount(int byteCount) => _lenient.GetMaxCharCount(byteCount) + byteCount;

    /// <summary>Decodes into a buffer of at least <see cref="GetMaxCharCount"/> chars; valid UTF-8 is decoded without allocating.</summary>
    /// <returns>The number of chars written.</returns>
    public int Decode(ReadOnlySpan<byte> bytes, Span<char> chars) =>
        _isUtf8 ? DecodeUtf8(bytes, chars) : DecodeCharset(bytes, chars);

    /// <summary>The bytes of a name.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: the charset has no bytes for it that would come back as the same name.</exception>
    public byte[] Encode(ReadOnlySpan<char> name) =>
        TryEncode(name, out var bytes)
            ? bytes
            : throw new RemoteException(RemoteError.InvalidName, $"The name '{name}' cannot be written in the charset {CharsetName}.");

    /// <summary>The bytes of a name, or false when the charset has none that would come back as the same name.</summary>
    public bool TryEncode(ReadOnlySpan<char> name, out byte[] bytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(_encoding.GetMaxByteCount(name.Length) + name.Length);
        try
        {
            var length = 0;
            var rest = name;
            while (!rest.IsEmpty)
            {
                var run = IndexOfEscape(rest);
                if (run < 0)
                    run = rest.Length;
                length += _encoding.GetBytes(rest[..run], buffer.AsSpan(length));
                for (rest = rest[run..]; !rest.IsEmpty && IsEscape(rest[0]); rest = rest[1..])
                    buffer[length++] = (byte)(rest[0] - 0xDC00);
            }

            bytes = buffer.AsSpan(0, length).ToArray();
            return Decode(bytes).AsSpan().SequenceEqual(name);
        }
        catch (ArgumentException) // of which EncoderFallbackException is one
        {
            bytes = [];
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int DecodeUtf8(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var written = 0;
        while (true)
        {
            var status = System.Text.Unicode.Utf8.ToUtf16(bytes, chars[written..], out var read, out var made, replaceInvalidSequences: false);
            bytes = bytes[read..];
            written += made;
            if (status == OperationStatus.Done)
                return written;
            chars[written++] = (char)(0xDC00 + bytes[0]);
            bytes = bytes[1..];
        }
    }

    /// <summary>
    /// The whole text when it comes back as the same bytes. Otherwise at each place the shortest run of bytes that is a character and does;
    /// else one escaped byte.
    /// </summary>
    private int DecodeCharset(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(_lenient.GetMaxByteCount(_lenient.GetMaxCharCount(bytes.Length)));
        try
        {
            if (TryDecodeExactly(bytes, chars, scratch, out var written))
                return written;

            const int LongestCharacter = 4;
            written = 0;
            while (!bytes.IsEmpty)
            {
                var taken = 0;
                for (var length = 1; taken == 0 && length <= Math.Min(LongestCharacter, bytes.Length); length++)
                {
                    if (!TryDecodeExactly(bytes[..length], chars[written..], scratch, out var made))
                        continue;
                    written += made;
                    taken = length;
                }

                if (taken == 0)
                {
                    chars[written++] = (char)(0xDC00 + bytes[0]);
                    taken = 1;
                }

                bytes = bytes[taken..];
            }

            return written;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private bool TryDecodeExactly(ReadOnlySpan<byte> bytes, Span<char> chars, Span<byte> scratch, out int written)
    {
        written = _lenient.GetChars(bytes, chars);
        return scratch[.._lenient.GetBytes(chars[..written], scratch)].SequenceEqual(bytes);
    }

    private static Encoding WithFallbacks(Encoding encoding, EncoderFallback encoder, DecoderFallback decoder)
    {
        var copy = (Encoding)encoding.Clone();
        copy.EncoderFallback = encoder;
        copy.DecoderFallback = decoder;
        return copy;
    }

    private static bool IsEscape(char c) => c is >= '\uDC80' and <= '\uDCFF';

    /// <summary>The first lone low surrogate in the escape range; one that follows a high surrogate is half of a character.</summary>
    private static int IndexOfEscape(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (IsEscape(text[i]) && (i == 0 || !char.IsHighSurrogate(text[i - 1])))
                return i;
        }

        return -1;
    }
}
