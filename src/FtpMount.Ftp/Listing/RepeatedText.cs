using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>Decodes a text that is mostly the same from line to line (an owner) without making a new string each time.</summary>
internal sealed class RepeatedText(NameCodec codec)
{
    private byte[] _bytes = [];
    private string _text = "";

    /// <summary>The string for these bytes; null for none.</summary>
    public string? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return null;
        if (!bytes.SequenceEqual(_bytes))
        {
            _text = codec.Decode(bytes);
            _bytes = bytes.ToArray();
        }

        return _text;
    }
}
