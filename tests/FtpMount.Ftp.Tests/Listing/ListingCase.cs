namespace FtpMount.Ftp.Tests.Listing;

/// <summary>One line of the corpus of listings.</summary>
/// <param name="Number">Where it is in the file.</param>
/// <param name="Before">Lines of the same listing before it.</param>
/// <param name="Line">The line with its mark.</param>
/// <param name="Meaning">What it means.</param>
internal sealed record ListingCase(int Number, IReadOnlyList<string> Before, string Line, string Meaning);
