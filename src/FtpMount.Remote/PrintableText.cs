namespace FtpMount.Remote;

/// <summary>Text from a server for a log or a terminal.</summary>
public static class PrintableText
{
    /// <summary>Replaces what must not reach a log or a terminal, and takes away white space at the end.</summary>
    public static string From(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.TrimEnd();
        return string.Create(trimmed.Length, trimmed, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
        });
    }
}
