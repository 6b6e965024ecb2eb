using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.Ftp.Certificates;

/// <summary>
/// Compares the host that was asked for with the names in a certificate (RFC 9525; RFC 6125 before it). Only the subject alternative name counts: a
/// certificate that names its server in the subject's common name alone is refused, as browsers do, because that field has no defined syntax. A name fits letter
/// by letter, or by <c>*</c> in place of its whole first label when at least two labels follow. An address fits only an address of the certificate, byte by byte.
/// </summary>
internal sealed class ServerIdentity
{
    private const int DnsName = 2;
    private const int AddressName = 7;

    private readonly string _name;
    private readonly byte[]? _address;

    /// <param name="host">As the user wrote it: a name, also with letters beyond ASCII or a full stop at its end, or an IP address without brackets.</param>
    public ServerIdentity(string host)
    {
        if (IPAddress.TryParse(host, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || IsDottedQuad(host)))
        {
            _address = address.GetAddressBytes();
            // Without a zone (%eth0), which has a meaning on this machine only.
            _name = new IPAddress(_address).ToString();
        }
        else
        {
            _name = ToAscii(host.EndsWith('.') ? host[..^1] : host);
        }
    }

    /// <summary>The one spelling of the host that names and addresses are compared in: lower case, A-labels, no full stop at the end.</summary>
    public string Canonical => _name;

    /// <summary>Whether the names of a certificate include this host.</summary>
    /// <param name="subjectAlternativeName">The value of the extension 2.5.29.17.</param>
    /// <param name="presented">The names of servers in it, for a person; at most a few.</param>
    /// <exception cref="AsnContentException">The extension is malformed.</exception>
    public bool IsIn(ReadOnlyMemory<byte> subjectAlternativeName, out IReadOnlyList<string> presented)
    {
        const int MostShown = 8;
        var names = new List<string>();
        var found = false;
        var reader = new AsnReader(subjectAlternativeName, AsnEncodingRules.DER);
        var sequence = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        while (sequence.HasData)
        {
            var tag = sequence.PeekTag();
            var content = sequence.PeekContentBytes().Span;
            if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is DnsName or AddressName)
            {
                found |= tag.TagValue == DnsName ? FitsName(content) : FitsAddress(content);
                if (names.Count < MostShown)
                    names.Add(tag.TagValue == DnsName ? Show(content) : ShowAddress(content));
            }

            sequence.ReadEncodedValue();
        }

        presented = names;
        return found;
    }

    private bool FitsAddress(ReadOnlySpan<byte> content) => _address is not null && content.SequenceEqual(_address);

    private bool FitsName(ReadOnlySpan<byte> content)
    {
        if (_address is not null || _name.Length == 0 || !IsHostName(content))
            return false;
        var name = Encoding.ASCII.GetString(content);
        if (!name.StartsWith("*.", StringComparison.Ordinal))
            return name.Equals(_name, StringComparison.OrdinalIgnoreCase);
        var rest = name[1..];
        var firstLabel = _name.IndexOf('.', StringComparison.Ordinal);
        return rest.IndexOf('.', 1) > 0 && firstLabel > 0 && _name.AsSpan(firstLabel).Equals(rest, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Letters, digits, hyphens and (as names of machines have them) underscores in labels that are not empty; <c>*</c> only as the whole first label.</summary>
    private static bool IsHostName(ReadOnlySpan<byte> content)
    {
        const int LongestName = 253;
        if (content.StartsWith("*."u8))
            content = content[2..];
        if (content.IsEmpty || content.Length > LongestName || content[0] == '.' || content[^1] == '.')
            return false;
        for (var i = 0; i < content.Length; i++)
        {
            var c = (char)content[i];
            if (c == '.' ? content[i - 1] == '.' : !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return false;
        }

        return true;
    }

    /// <summary>.NET takes "127.1" and "0x7f000001" for addresses, as inet_aton(3) does; a certificate never has them.</summary>
    private static bool IsDottedQuad(string host) => host.AsSpan().Count('.') == 3 && host.All(c => char.IsAsciiDigit(c) || c == '.');

    private static string ToAscii(string host)
    {
        var lower = host.ToLowerInvariant();
        if (Ascii.IsValid(lower))
            return lower;
        try
        {
            return new IdnMapping().GetAscii(lower).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return lower; // fits no certificate
        }
    }

    private static string Show(ReadOnlySpan<byte> content)
    {
        const int LongestShown = 80;
        var text = new StringBuilder();
        foreach (var b in content[..Math.Min(content.Length, LongestShown)])
        {
            if (b is > 0x20 and < 0x7F)
                text.Append((char)b);
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{b:X2}");
        }

        return content.Length > LongestShown ? text.Append("...").ToString() : text.ToString();
    }

    private static string ShowAddress(ReadOnlySpan<byte> content) =>
        content.Length is 4 or 16 ? new IPAddress(content).ToString() : "a malformed address";
}
